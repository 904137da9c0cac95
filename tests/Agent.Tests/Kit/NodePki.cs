using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>Another PKI than the mesh's, as machines have one: its certificates are what nodes prove themselves by.</summary>
internal sealed class NodePki : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _ca;

    public NodePki(string name)
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        _ca = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(10));
    }

    public string Pem => _ca.ExportCertificatePem();

    /// <summary>A node's certificate with its key.</summary>
    public X509Certificate2 Issue(string commonName, bool expired = false, bool rsa = false, X509KeyUsageFlags usage = X509KeyUsageFlags.DigitalSignature)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = $"CN={commonName}";
        var request = key is RSA rsaKey
            ? new CertificateRequest(subject, rsaKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, true));
        var serial = RandomNumberGenerator.GetBytes(12);
        serial[0] &= 0x7F;
        var until = DateTimeOffset.UtcNow.AddDays(expired ? -1 : 5);
        using var bare = request.Create(_ca.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), DateTimeOffset.UtcNow.AddDays(-2), until, serial);
        return key is RSA signing ? bare.CopyWithPrivateKey(signing) : bare.CopyWithPrivateKey((ECDsa)key);
    }

    public void Dispose()
    {
        _ca.Dispose();
        _key.Dispose();
    }
}
