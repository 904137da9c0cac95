using System.Net;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>
/// A bootstrap CA: the P-256 anchor of silo links, apart from every trust bundle. It certifies silos, whose certificates carry
/// <c>spiffe://bootstrap.{trustDomain}/silo/{name}</c> (or <c>authority</c>) and loopback names for TLS clients that want one.
/// </summary>
public sealed class BootstrapAuthority : IDisposable
{
    private static readonly TimeSpan Backdate = TimeSpan.FromMinutes(5);

    private readonly ECDsa _key;
    private readonly string _meshTrustDomain;
    private readonly Issuer _issuer;

    private BootstrapAuthority(ECDsa key, string meshTrustDomain, byte[] certificateDer)
    {
        _key = key;
        _meshTrustDomain = meshTrustDomain;
        CertificateDer = certificateDer;
        _issuer = Issuer.Create(IssuerKey.Adopt(key), certificateDer);
    }

    /// <summary>The anchor's certificate.</summary>
    public byte[] CertificateDer { get; }

    /// <summary>A new anchor for the silos of <paramref name="meshTrustDomain"/>.</summary>
    public static BootstrapAuthority Create(string meshTrustDomain, TimeSpan ttl, ISerialSource serials, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(serials);
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var profile = CaCertificateProfile.Root(
            BootstrapNames.TrustDomainOf(meshTrustDomain), key.ExportSubjectPublicKeyInfo(), serials.Next(),
            new Validity(Validity.WholeSeconds(now - Backdate), Validity.WholeSeconds(now + ttl)));
        var tbs = CaCertificateWriter.BuildTbs(profile);
        var signature = key.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        return new BootstrapAuthority(key, meshTrustDomain, CaCertificateWriter.Assemble(tbs, profile.SignatureAlgorithm, signature));
    }

    /// <summary>Loads an anchor from its PEM certificate and PKCS#8 PEM key.</summary>
    /// <exception cref="FormatException">The files do not hold a certificate and its key.</exception>
    public static BootstrapAuthority Load(string meshTrustDomain, string certificatePem, string keyPem)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(keyPem);
            return new BootstrapAuthority(key, meshTrustDomain, DerOf(certificatePem));
        }
        catch (Exception failure) when (failure is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new FormatException($"The bootstrap CA cannot be loaded: {failure.Message}", failure);
        }
    }

    public string ExportKeyPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>Certifies the key of a silo, or of a gateway in front of silos.</summary>
    /// <param name="role">One of those of <see cref="BootstrapNames"/>.</param>
    /// <param name="silo">The silo's, gateway's or cluster's name.</param>
    /// <param name="subjectPublicKeyInfo">Its public key, DER.</param>
    /// <param name="dnsNames">Names that its peers dial; may be empty.</param>
    /// <param name="ttl">The certificate's life, clipped to the anchor's end.</param>
    /// <param name="serials">Where the serial comes from.</param>
    /// <param name="now">The time.</param>
    /// <param name="ipAddresses">Addresses that its peers or a gateway's clients dial; none unless given.</param>
    public byte[] Issue(
        string role, string silo, ReadOnlyMemory<byte> subjectPublicKeyInfo, IReadOnlyList<string> dnsNames, TimeSpan ttl, ISerialSource serials, DateTimeOffset now,
        IReadOnlyList<IPAddress>? ipAddresses = null)
    {
        ArgumentNullException.ThrowIfNull(serials);
        var validity = Validity.ForLeaf(now, ttl, _issuer.NotAfter, Backdate);
        return X509SvidWriter.Issue(_issuer, new X509SvidRequest
        {
            Id = BootstrapNames.IdOf(_meshTrustDomain, role, silo),
            SubjectPublicKeyInfo = subjectPublicKeyInfo,
            Serial = serials.Next(),
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter,
            DnsNames = dnsNames,
            IpAddresses = ipAddresses ?? [],
        });
    }

    public void Dispose()
    {
        _issuer.Key.Dispose();
        _key.Dispose();
    }

    private static byte[] DerOf(string certificatePem)
    {
        var fields = PemEncoding.Find(certificatePem);
        return Convert.FromBase64String(certificatePem[fields.Base64Data]);
    }
}
