namespace MeshGrains.Grains;

/// <summary>
/// What a silo may sign with: the sealed key, which it opens for itself, and <paramref name="HighestExpiry"/>, which no token may outlive and which is
/// recorded already. <paramref name="LookAgainSeconds"/> says when to ask for more.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.JwtReservation")]
public sealed record JwtReservation(
    [property: Id(0)] string KeyId,
    [property: Id(1)] string Algorithm,
    [property: Id(2)] byte[] SealedKey,
    [property: Id(3)] DateTimeOffset HighestExpiry,
    [property: Id(4)] long LookAgainSeconds);
