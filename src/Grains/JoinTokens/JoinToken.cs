namespace MeshGrains.Grains;

/// <summary>
/// A join token as the store knows it: by the SHA-256 of its value (lowercase hex), never the value. It admits its holder once to the
/// identity of one registration entry.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.JoinToken")]
public sealed record JoinToken(
    [property: Id(0)] string TokenHash,
    [property: Id(1)] string TrustDomain,
    [property: Id(2)] string EntryId,
    [property: Id(3)] DateTimeOffset CreatedAt,
    [property: Id(4)] DateTimeOffset ExpiresAt,
    [property: Id(5)] string CreatedBy);
