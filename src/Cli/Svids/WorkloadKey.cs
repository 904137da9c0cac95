using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>A workload's new key: made here, and only its public half leaves in a CSR.</summary>
internal sealed class WorkloadKey : IDisposable
{
    public const string DefaultKind = "p256";

    private readonly AsymmetricAlgorithm _key;

    private WorkloadKey(AsymmetricAlgorithm key, byte[] csr) => (_key, CsrDer) = (key, csr);

    /// <summary>The kinds that the control plane takes.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [DefaultKind, "p384", "rsa2048"];

    /// <summary>PKCS #10.</summary>
    public byte[] CsrDer { get; }

    public static WorkloadKey Create(string kind)
    {
        if (kind == "rsa2048")
        {
            var rsa = RSA.Create(2048);
            return new WorkloadKey(rsa, CertificateSigningRequestWriter.Write(rsa));
        }

        var ec = ECDsa.Create(kind == "p384" ? ECCurve.NamedCurves.nistP384 : ECCurve.NamedCurves.nistP256);
        return new WorkloadKey(ec, CertificateSigningRequestWriter.Write(ec));
    }

    /// <summary>The same kind as a key that a certificate holds, so that a renewal does not change it.</summary>
    public static string KindOf(ParsedCertificate certificate) => certificate.KeyKind switch
    {
        KeyKind.P384 => "p384",
        KeyKind.Rsa => "rsa2048",
        _ => DefaultKind,
    };

    public bool IsKeyOf(ParsedCertificate certificate) => certificate.SubjectPublicKeyInfo.Span.SequenceEqual(_key.ExportSubjectPublicKeyInfo());

    /// <summary>PKCS #8.</summary>
    public string ExportPem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    public void Dispose() => _key.Dispose();
}
