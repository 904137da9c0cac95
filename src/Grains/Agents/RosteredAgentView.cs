namespace MeshGrains.Grains;

/// <summary>
/// One agent as the roster has it. <paramref name="BundleNumber"/> is what it acknowledged under <paramref name="Serial"/>, the SVID last issued to it; 0
/// before it did. <paramref name="Connection"/> is null while no silo tells of one.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.RosteredAgentView")]
public sealed record RosteredAgentView(
    [property: Id(0)] string AgentId,
    [property: Id(1)] string Attestation,
    [property: Id(2)] string Serial,
    [property: Id(3)] DateTimeOffset NotAfter,
    [property: Id(4)] DateTimeOffset AttestedAt,
    [property: Id(5)] long BundleNumber,
    [property: Id(6)] bool Evicted,
    [property: Id(7)] AgentSighting? Connection);
