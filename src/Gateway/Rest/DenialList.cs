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

/// <summary>The denial set's number after a change; it holds everywhere from <paramref name="EffectiveAt"/> on, absent while that is not known yet.</summary>
internal sealed record DenialReceiptView(long Number, DateTimeOffset? EffectiveAt)
{
    public static DenialReceiptView Of(DenialReceipt receipt) => new(receipt.Number, receipt.EffectiveAt);
}
