using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Tests.Relay;

/// <summary>A bootstrap CA in memory and what it certifies.</summary>
internal sealed class TestBootstrap(string meshTrustDomain = "mesh.test") : IDisposable
{
    private static readonly RandomSerialSource Serials = new();

    private readonly BootstrapAuthority _authority = BootstrapAuthority.Create(meshTrustDomain, TimeSpan.FromDays(1), Serials, DateTimeOffset.UtcNow.AddHours(-2));

    public SpiffeBundle Anchors => new SpiffeBundle(BootstrapNames.TrustDomainOf(meshTrustDomain)).WithX509Authorities([_authority.CertificateDer]);

    public TestRelayCredentials Issue(string role, string name, TimeSpan? life = null, DateTimeOffset? at = null, IReadOnlyList<string>? dns = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var der = _authority.Issue(
            role, name, key.ExportSubjectPublicKeyInfo(), dns ?? ["localhost"], life ?? TimeSpan.FromHours(1), Serials, at ?? DateTimeOffset.UtcNow,
            [IPAddress.Parse("192.0.2.7")]);
        return Of(der, key, Anchors);
    }

    public static TestRelayCredentials Of(byte[] der, ECDsa key, SpiffeBundle anchors, params byte[][] issuers)
    {
        using var leaf = X509CertificateLoader.LoadCertificate(der);
        var parsed = ParsedCertificate.Read(der);
        return new TestRelayCredentials
        {
            Current = new RelayIdentity(
                SslStreamCertificateContext.Create(
                    leaf.CopyWithPrivateKey(key), [.. issuers.Select(issuer => X509CertificateLoader.LoadCertificate(issuer))], offline: true),
                parsed.NotAfter, anchors, parsed.DnsNames, parsed.IpAddresses),
        };
    }

    public void Dispose() => _authority.Dispose();
}
