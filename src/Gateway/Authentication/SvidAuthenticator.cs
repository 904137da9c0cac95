using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>
/// Takes the client SVID of the connection, which the handshake has validated. When it was attested is for the issuance log to tell:
/// <see cref="AuthenticatedCaller.AttestedAt"/> stays at its default.
/// </summary>
internal sealed class SvidAuthenticator(TimeProvider time)
{
    private static readonly Refusal Expired = new(
        RefusalCode.Unauthenticated, "svid_expired",
        "The client SVID of this connection has expired; connect with a current one or attest again with a token.");

    public AuthenticationResult Authenticate(ParsedClientChain chain)
        => time.GetUtcNow() >= chain.Until
            ? Expired
            : new AuthenticatedCaller
            {
                Kind = CallerKind.X509Svid,
                Name = chain.SpiffeId,
                SpiffeId = chain.SpiffeId,
                CertificateSerial = chain.Serial,
                CertificateHint = chain.Hint,
            };
}
