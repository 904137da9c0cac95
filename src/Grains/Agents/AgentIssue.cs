namespace MeshGrains.Grains;

/// <summary>
/// An SVID that an agent is about to get for itself. <paramref name="Attestation"/> is the attestor's name (<c>join_token</c>, <c>x509pop</c>), empty for a
/// renewal; <paramref name="Serial"/> lowercase hex.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.AgentIssue")]
public sealed record AgentIssue(
    [property: Id(0)] string AgentId,
    [property: Id(1)] string Attestation,
    [property: Id(2)] string Serial,
    [property: Id(3)] DateTimeOffset NotAfter,
    [property: Id(4)] DateTimeOffset AttestedAt,
    [property: Id(5)] bool Renewed);
