namespace MeshGrains.Grains;

/// <summary>
/// What one cluster has to say to a rotation's phase, gathered after <paramref name="At"/>. <paramref name="Silos"/>: those that do not yet do
/// everything by the phase's bundle number. <paramref name="Agents"/>: live ones that have not acknowledged it. <paramref name="Unfenced"/>: issuing CAs
/// from before it whose log shards still take records. <paramref name="Outside"/>: declared publications whose readers may still show less. <paramref name="Live"/>: live leaves under issuing CAs from before it, counted after those were
/// seen to be fenced; null when they were not all fenced or the log did not answer. <paramref name="Failure"/>: why it could not be told at all.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.ClusterRotationFacts")]
public sealed record ClusterRotationFacts(
    [property: Id(0)] string Cluster,
    [property: Id(1)] DateTimeOffset At,
    [property: Id(2)] Shortfall Silos,
    [property: Id(3)] Shortfall Agents,
    [property: Id(4)] Shortfall Unfenced,
    [property: Id(5)] Shortfall Outside,
    [property: Id(6)] long? Live,
    [property: Id(7)] DateTimeOffset? LiveEndsBy,
    [property: Id(8)] string? Failure);
