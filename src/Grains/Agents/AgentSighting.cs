namespace MeshGrains.Grains;

/// <summary>
/// What a silo tells of one agent: connected or not any more, under which SVID, and what it last reported. <paramref name="BundleNumber"/> is the lowest
/// that the agent's consumers hold.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.AgentSighting")]
public sealed record AgentSighting(
    [property: Id(0)] string AgentId,
    [property: Id(1)] string Silo,
    [property: Id(2)] bool Connected,
    [property: Id(3)] string Serial,
    [property: Id(4)] DateTimeOffset NotAfter,
    [property: Id(5)] DateTimeOffset AttestedAt,
    [property: Id(6)] string Address,
    [property: Id(7)] DateTimeOffset Since,
    [property: Id(8)] string Version,
    [property: Id(9)] long BundleNumber,
    [property: Id(10)] string Trouble,
    [property: Id(11)] int Svids,
    [property: Id(12)] int SvidsMissing);
