using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>
/// The client SVID of a TLS connection, validated at the handshake. <paramref name="Serial"/> is lowercase hex.
/// The certificate may have ended since: <paramref name="Until"/>, its end with <c>svid.clockSkew</c> on top, is looked at again for every call.
/// </summary>
public sealed record ParsedClientChain(string SpiffeId, string Serial, DateTimeOffset Until)
{
    /// <summary>The CA that signed it, by authority id: a tainted one takes its leaves with it.</summary>
    public string? IssuerAuthorityId { get; init; }

    /// <summary>Where the leaf's record lies in the issuance log.</summary>
    public CertificateHint? Hint { get; init; }
}
