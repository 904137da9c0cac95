namespace MeshGrains.Cli;

/// <summary>The denial set of the trust domain at its newest number.</summary>
internal sealed record DenialList(long Number, IReadOnlyList<DenialItem> Denials);

internal sealed record DenialItem(string Kind, string Subject, long Number, string Reason, string Actor, DateTimeOffset Since);

internal sealed record QuarantineBody(string SpiffeId, string Reason);

/// <summary>
/// The denial set's number after a change; it holds everywhere in its cluster from <paramref name="EffectiveAt"/> on, null while that is not known.
/// <paramref name="Clusters"/>: the members of a home.
/// </summary>
internal sealed record DenialReceiptView(long Number, DateTimeOffset? EffectiveAt, IReadOnlyList<DenialClusterItem>? Clusters = null);

internal sealed record DenialClusterItem(string Cluster, DateTimeOffset? EffectiveAt, DateTimeOffset? HeardAt, bool CutOff);
