using System.Security.Cryptography;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Svids;

/// <summary>A fresh P-256 key in this process's memory; only its CSR leaves.</summary>
internal sealed class SvidKey : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public SvidKey() => CsrDer = CertificateSigningRequestWriter.Write(_key);

    public byte[] CsrDer { get; }

    public ECDsa Key => _key;

    public byte[] ExportPkcs8() => _key.ExportPkcs8PrivateKey();

    /// <summary>Null when the certificate is for this key and names exactly this identity; else what is wrong with it.</summary>
    public string? Check(ParsedCertificate leaf, string spiffeId) =>
        !leaf.SubjectPublicKeyInfo.Span.SequenceEqual(_key.ExportSubjectPublicKeyInfo()) ? "it is for another key"
            : leaf.UriNames is not [var name] || name != spiffeId ? $"it is not for {spiffeId}"
            : null;

    public void Dispose() => _key.Dispose();
}
