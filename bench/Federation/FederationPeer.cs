using System.Buffers.Text;
using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace MeshGrains.Bench;

/// <summary>A foreign trust domain: roots, documents and the certificate of its endpoint, all made by .NET and by hand, nothing by the product.</summary>
internal sealed class FederationPeer : IDisposable
{
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _root;
    private readonly List<IDisposable> _made = [];

    public FederationPeer(string trustDomain)
    {
        TrustDomain = trustDomain;
        _root = MakeRoot($"spiffe://{trustDomain}", _rootKey, TimeSpan.FromHours(-1), TimeSpan.FromDays(30));
    }

    public string TrustDomain { get; }

    public string EndpointId => $"spiffe://{TrustDomain}/endpoint";

    public byte[] Root => _root.RawData;

    public string RootPem => _root.ExportCertificatePem();

    /// <summary>The endpoint's certificate: valid for localhost by the Web PKI's rules under <see cref="RootPem"/>, and an X.509-SVID under the bundle.</summary>
    /// <param name="spiffeId">Whom it names; <see cref="EndpointId"/> unless told.</param>
    public SslStreamCertificateContext Certificate(string? spiffeId = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=endpoint", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(Names(spiffeId ?? EndpointId, "localhost"));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        using var leaf = request.Create(_root.SubjectName, X509SignatureGenerator.CreateForECDsa(_rootKey), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddDays(1), RandomNumberGenerator.GetBytes(16));
        var withKey = leaf.CopyWithPrivateKey(key);
        _made.Add(withKey);
        return SslStreamCertificateContext.Create(withKey, null, offline: true);
    }

    /// <summary>A bundle of this peer.</summary>
    public byte[] Bundle(ulong? sequence, params byte[][] roots)
    {
        var keys = (roots.Length == 0 ? [Root] : roots).Select(Jwk);
        return Encoding.UTF8.GetBytes(
            $$"""{"keys":[{{string.Join(',', keys)}}]{{(sequence is null ? "" : $",\"spiffe_sequence\":{sequence}")}},"spiffe_refresh_hint":1}""");
    }

    /// <summary>A root of its own key.</summary>
    public static byte[] OtherRoot(string uri, TimeSpan? begins = null, TimeSpan? ends = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var root = MakeRoot(uri, key, begins ?? TimeSpan.FromHours(-1), ends ?? TimeSpan.FromDays(30));
        return root.RawData;
    }

    public static string JwtKey(string keyId)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(false).Q;
        return $$"""{"use":"jwt-svid","kid":"{{keyId}}","kty":"EC","crv":"P-256","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}"}""";
    }

    public void Dispose()
    {
        _made.ForEach(one => one.Dispose());
        _root.Dispose();
        _rootKey.Dispose();
    }

    private static X509Certificate2 MakeRoot(string uri, ECDsa key, TimeSpan begins, TimeSpan ends)
    {
        var request = new CertificateRequest($"CN=root {RandomNumberGenerator.GetHexString(8)}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(Names(uri, null));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow + begins, DateTimeOffset.UtcNow + ends);
    }

    /// <summary>By hand: Uri would put a slash behind a bare trust domain.</summary>
    private static X509Extension Names(string uri, string? dns)
    {
        var names = new AsnWriter(AsnEncodingRules.DER);
        using (names.PushSequence())
        {
            names.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
            if (dns is not null)
            {
                names.WriteCharacterString(UniversalTagNumber.IA5String, dns, new Asn1Tag(TagClass.ContextSpecific, 2));
            }
        }

        return new X509Extension("2.5.29.17", names.Encode(), false);
    }

    private static string Jwk(byte[] root)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(root);
        using var key = certificate.GetECDsaPublicKey()!;
        var point = key.ExportParameters(false).Q;
        return $$"""{"use":"x509-svid","kty":"EC","crv":"P-256","x":"{{Base64Url.EncodeToString(point.X)}}","y":"{{Base64Url.EncodeToString(point.Y)}}","x5c":["{{Convert.ToBase64String(root)}}"]}""";
    }
}
