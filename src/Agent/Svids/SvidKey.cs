using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Svids;

/// <summary>A P-256 key in this process's memory; only its CSR leaves, and the key itself to the sealed store where that is configured.</summary>
internal sealed class SvidKey : IDisposable
{
    private readonly ECDsa _key;

    public SvidKey()
        : this(ECDsa.Create(ECCurve.NamedCurves.nistP256))
    {
    }

    /// <summary>One that was kept, PKCS #8.</summary>
    /// <exception cref="CryptographicException">It is no such key.</exception>
    public SvidKey(ReadOnlySpan<byte> pkcs8)
        : this(Import(pkcs8))
    {
    }

    private SvidKey(ECDsa key) => (_key, CsrDer) = (key, CertificateSigningRequestWriter.Write(key));

    public byte[] CsrDer { get; }

    public ECDsa Key => _key;

    public byte[] ExportPkcs8() => _key.ExportPkcs8PrivateKey();

    /// <summary>Null when the certificate is for this key and names exactly this identity; else what is wrong with it.</summary>
    public string? Check(ParsedCertificate leaf, string spiffeId) =>
        !leaf.SubjectPublicKeyInfo.Span.SequenceEqual(_key.ExportSubjectPublicKeyInfo()) ? "it is for another key"
            : leaf.UriNames is not [var name] || name != spiffeId ? $"it is not for {spiffeId}"
            : null;

    public void Dispose() => _key.Dispose();

    private static ECDsa Import(ReadOnlySpan<byte> pkcs8)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
