using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Bench;

/// <summary>A simulated agent's own SVID.</summary>
internal sealed record SslClientIdentity(SslStreamCertificateContext Tls, HeldCertificate Held, DateTimeOffset Since)
{
    public static SslClientIdentity Of(X509Certificate2 certificate, X509Certificate2Collection intermediates, HeldCertificate held, DateTimeOffset now) =>
        new(SslStreamCertificateContext.Create(certificate, intermediates, offline: true), held, now);
}
