using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MeshGrains.Gateway.Acme;

/// <summary>The certificate that answers tls-alpn-01 (RFC 8737 section 3): the name, and the hash of the key authorization in a critical extension.</summary>
internal static class TlsAlpnCertificate
{
    /// <summary>id-pe-acmeIdentifier.</summary>
    public const string IdentifierOid = "1.3.6.1.5.5.7.1.31";

    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    public static SslStreamCertificateContext Make(AcmeAnswer answer, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=ACME challenge", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(answer.Domain);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(Identifier(answer.KeyAuthorization));
        return SslStreamCertificateContext.Create(request.CreateSelfSigned(now - Life, now + Life), additionalCertificates: null, offline: true);
    }

    public static X509Extension Identifier(string keyAuthorization) =>
        new(IdentifierOid, [0x04, 0x20, .. SHA256.HashData(Encoding.ASCII.GetBytes(keyAuthorization))], critical: true);
}
