namespace MeshGrains.Grains;

/// <summary>
/// A request for a JWT-SVID by an authenticated caller. <paramref name="SpiffeId"/> names the wanted identity when the caller's registrations allow several;
/// null takes the only one.
/// </summary>
public sealed record JwtRequest(AuthenticatedCaller Caller, IReadOnlyList<string> Audience, string RequestId, string? SpiffeId = null);
