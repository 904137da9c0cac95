using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>The denial set of the trust domain at its newest number.</summary>
internal sealed record DenialList(long Number, IReadOnlyList<DenialItem> Denials)
{
    public static DenialList Of(DenialSet set) => new(
        set.Number,
        [.. set.Denials.Select(denial => new DenialItem(denial.Kind, denial.Subject, denial.Number, denial.Reason, denial.Actor, denial.Since))]);
}

internal sealed record DenialItem(DenialKind Kind, string Subject, long Number, string Reason, string Actor, DateTimeOffset Since);

/// <summary>Quarantines an identity: no new certificates for it.</summary>
internal sealed record QuarantineBody(string SpiffeId, string Reason);

/// <summary>
/// The denial set's number after a change; it holds everywhere in this cluster from <paramref name="EffectiveAt"/> on, absent while that is not known yet.
/// <paramref name="Clusters"/>: how it stands in the members of this home; absent where there are none, and for what concerns this cluster alone.
/// </summary>
internal sealed record DenialReceiptView(long Number, DateTimeOffset? EffectiveAt, IReadOnlyList<DenialClusterItem>? Clusters)
{
    public static DenialReceiptView Of(DenialReceipt receipt, IReadOnlyCollection<MemberDenials>? members = null) => new(
        receipt.Number, receipt.EffectiveAt,
        members is null or { Count: 0 } ? null : [.. members.Select(member => new DenialClusterItem(member.Cluster, member.EffectiveAt, member.HeardAt, member.IsCutOff))]);
}

/// <summary>
/// By <paramref name="EffectiveAt"/> every silo of the member refused by this number; absent while it was not heard to. One that is <paramref name="CutOff"/> goes
/// on issuing by what it was told before, and nobody here knows from when this holds there.
/// </summary>
internal sealed record DenialClusterItem(string Cluster, DateTimeOffset? EffectiveAt, DateTimeOffset? HeardAt, bool CutOff);
