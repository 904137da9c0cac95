namespace MeshGrains.Grains;

/// <summary>A member cluster as its home knows it. <paramref name="HeardAt"/> is by the home's clock; null, as the report, when it was never heard.</summary>
[GenerateSerializer, Immutable, Alias("mg.ClusterStanding")]
public sealed record ClusterStanding(
    [property: Id(0)] string Cluster,
    [property: Id(1)] DateTimeOffset? HeardAt,
    [property: Id(2)] ClusterReport? Report);
