namespace MeshGrains.Grains;

/// <summary>
/// A request for an X.509-SVID by an authenticated caller. <paramref name="CsrDer"/> is PKCS#10 DER, of which only key and proof are used;
/// <paramref name="RequestedTtl"/> null or not positive means the default. <paramref name="SpiffeId"/> names the wanted identity when the
/// caller's registrations allow several; null takes the only one.
/// </summary>
public sealed record SvidRequest(
    AuthenticatedCaller Caller,
    ReadOnlyMemory<byte> CsrDer,
    TimeSpan? RequestedTtl,
    string RequestId,
    string? IdempotencyKey = null,
    string? SpiffeId = null);
