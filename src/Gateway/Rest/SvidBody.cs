namespace MeshGrains.Gateway.Rest;

/// <summary>
/// Asks for an X.509-SVID. <paramref name="Csr"/> is PKCS#10, as PEM or as base64 of its DER; <paramref name="SpiffeId"/> chooses among several identities.
/// </summary>
internal sealed record SvidBody(string Csr, int? TtlSeconds = null, string? SpiffeId = null);
