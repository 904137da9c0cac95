using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// TLS 1.3 of links between our own processes, HTTP/2 alone, a certificate on both ends; who the peer may be is <c>judge</c>'s word and nobody else's.
/// </summary>
internal static class LinkTls
{
    private static readonly List<SslApplicationProtocol> Http2 = [SslApplicationProtocol.Http2];

    public static SslServerAuthenticationOptions Server(RelayIdentity own, RemoteCertificateValidationCallback judge) => new()
    {
        ServerCertificateContext = own.Certificate,
        ApplicationProtocols = Http2,
        EnabledSslProtocols = SslProtocols.Tls13,
        // A resumed session would carry the peer past its certificate's end.
        AllowTlsResume = false,
        AllowRenegotiation = false,
        ClientCertificateRequired = true,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = PeerChain.Undecided(),
        RemoteCertificateValidationCallback = judge,
    };

    /// <param name="own">The certificate that is shown.</param>
    /// <param name="serverName">Never looked at: the certificate's SPIFFE ID counts.</param>
    /// <param name="judge">Whether the peer is the right one.</param>
    public static SslClientAuthenticationOptions Client(RelayIdentity own, string serverName, RemoteCertificateValidationCallback judge) => new()
    {
        TargetHost = serverName,
        ClientCertificateContext = own.Certificate,
        ApplicationProtocols = Http2,
        EnabledSslProtocols = SslProtocols.Tls13,
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = PeerChain.Undecided(),
        RemoteCertificateValidationCallback = judge,
    };
}
