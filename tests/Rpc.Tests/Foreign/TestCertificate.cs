using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Rpc.Tests;

/// <summary>A certificate for localhost or for a client, signed by itself, and its PEM files.</summary>
internal sealed class TestCertificate : IDisposable
{
    public TestCertificate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        CertificatePem = Certificate.ExportCertificatePem();
        KeyPem = key.ExportPkcs8PrivateKeyPem();
    }

    public X509Certificate2 Certificate { get; }

    public string CertificatePem { get; }

    public string KeyPem { get; }

    public (string CertificateFile, string KeyFile) Write(string folder)
    {
        string stem = Path.Combine(folder, Certificate.GetNameInfo(X509NameType.SimpleName, false));
        File.WriteAllText(stem + ".pem", CertificatePem);
        File.WriteAllText(stem + ".key", KeyPem);
        return (stem + ".pem", stem + ".key");
    }

    public void Dispose() => Certificate.Dispose();
}
