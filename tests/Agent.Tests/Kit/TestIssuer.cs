using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Agent.Svids;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>A CA of the trust domain <c>test.mesh</c> in the test's memory.</summary>
internal sealed class TestIssuer : IDisposable
{
    public static readonly TrustDomain Domain = TrustDomain.Parse("test.mesh");

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private int _serial;

    public TestIssuer(string name = "root")
    {
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var uris = new SubjectAlternativeNameBuilder();
        uris.AddUri(new Uri("spiffe://test.mesh"));
        request.CertificateExtensions.Add(uris.Build());
        _root = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        AuthorityId = Convert.ToHexStringLower(ParsedCertificate.Read(_root.RawData).SubjectKeyIdentifier.Span);
    }

    public string AuthorityId { get; }

    public ReadOnlyMemory<byte> Root => _root.RawData;

    public TrustBundle Bundle(long number) => new(new SpiffeBundle(Domain).WithX509Authorities([Root]), number);

    /// <summary>The leaf and, in an intermediate's place, the root.</summary>
    public ImmutableArray<ReadOnlyMemory<byte>> Sign(ReadOnlyMemory<byte> csr, string spiffeId, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        var asked = CertificateRequest.LoadSigningRequest(csr.ToArray(), HashAlgorithmName.SHA256);
        var request = new CertificateRequest(new X500DistinguishedName(""), asked.PublicKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(spiffeId));
        request.CertificateExtensions.Add(names.Build(true));
        using var leaf = request.Create(
            _root.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), notBefore, notAfter, BitConverter.GetBytes(0x01000000 | Interlocked.Increment(ref _serial)));
        return [leaf.RawData, Root];
    }

    public WorkloadSvid Svid(string entryId, string spiffeId, DateTimeOffset now, DateTimeOffset notAfter)
    {
        using var key = new SvidKey();
        return new WorkloadSvid(entryId, spiffeId, Sign(key.CsrDer, spiffeId, now.AddMinutes(-1), notAfter), key.ExportPkcs8(), AuthorityId, notAfter, now + ((notAfter - now) / 2));
    }

    public void Dispose()
    {
        _root.Dispose();
        _key.Dispose();
    }
}
