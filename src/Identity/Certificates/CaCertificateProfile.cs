namespace MeshGrains.Identity;

/// <summary>
/// What goes into a CA certificate of a trust domain: the self-signed root, or an issuing CA under it. Both carry the trust domain's
/// SPIFFE ID as their only name, keyCertSign and cRLSign, and a subject of their own that holds their authority id.
/// </summary>
public sealed class CaCertificateProfile
{
    private const int MaxOrganizationLength = 64;
    private const string RootKind = "root";

    private CaCertificateProfile(
        TrustDomain trustDomain, in PublicKeyInfo key, string kind, PublicKeyInfo issuerKey, ReadOnlyMemory<byte>? issuerName, ReadOnlyMemory<byte>? issuerKeyIdentifier)
    {
        TrustDomain = trustDomain;
        Key = key;
        KeyIdentifierBytes = KeyIdentifier.Of(key);
        AuthorityId = Convert.ToHexStringLower(KeyIdentifierBytes);
        SubjectName = NameOf(trustDomain, kind, AuthorityId);
        IssuerName = issuerName ?? SubjectName;
        IssuerKeyIdentifier = issuerKeyIdentifier ?? KeyIdentifierBytes;
        SignatureAlgorithm = SignatureAlgorithms.ForIssuer(issuerKey.Kind);
    }

    public TrustDomain TrustDomain { get; }

    /// <summary>The subject key identifier in lower-case hex.</summary>
    public string AuthorityId { get; }

    /// <summary>What the issuer's key signs with.</summary>
    public SignatureAlgorithm SignatureAlgorithm { get; }

    public required SerialNumber Serial { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>How many CA certificates may follow: 1 for a root, 0 for an issuing CA.</summary>
    public byte PathLength { get; private init; }

    /// <summary>
    /// Binds every URI below to the trust domain (RFC 5280 section 4.2.1.10). Off by default: rustls-webpki from 0.103.12 on refuses any
    /// chain that has a URI name constraint, and with it go Rust data planes.
    /// </summary>
    public bool UriNameConstraint { get; init; }

    internal PublicKeyInfo Key { get; }

    internal byte[] KeyIdentifierBytes { get; }

    internal byte[] SubjectName { get; }

    internal ReadOnlyMemory<byte> IssuerName { get; }

    internal ReadOnlyMemory<byte> IssuerKeyIdentifier { get; }

    /// <summary>A self-signed root; its own key signs it.</summary>
    /// <param name="trustDomain">Whose root it is.</param>
    /// <param name="subjectPublicKeyInfo">The root's public key as DER: P-256, P-384, P-521 or RSA.</param>
    /// <param name="serial">Its serial number.</param>
    /// <param name="validity">From when until when.</param>
    /// <param name="uriNameConstraint">See <see cref="UriNameConstraint"/>.</param>
    /// <exception cref="ArgumentException">The key cannot be a CA's.</exception>
    public static CaCertificateProfile Root(
        TrustDomain trustDomain, ReadOnlyMemory<byte> subjectPublicKeyInfo, SerialNumber serial, Validity validity, bool uriNameConstraint = false)
    {
        var key = ReadKey(subjectPublicKeyInfo);
        return new CaCertificateProfile(trustDomain, key, RootKind, key, null, null)
        {
            PathLength = 1,
            Serial = serial,
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter,
            UriNameConstraint = uriNameConstraint,
        };
    }

    /// <summary>The same authority as <see cref="Root"/> makes, certified by an outside CA and clipped to that CA's end; the outside CA's key signs it.</summary>
    /// <exception cref="ArgumentException">A key cannot be a CA's.</exception>
    public static CaCertificateProfile CertifiedRoot(
        TrustDomain trustDomain, ReadOnlyMemory<byte> subjectPublicKeyInfo, ParsedCertificate outside, SerialNumber serial, Validity validity,
        bool uriNameConstraint = false)
    {
        ArgumentNullException.ThrowIfNull(outside);
        var key = ReadKey(subjectPublicKeyInfo);
        return new CaCertificateProfile(trustDomain, key, RootKind, outside.PublicKey, outside.SubjectName, outside.SubjectKeyIdentifier)
        {
            PathLength = 1,
            Serial = serial,
            NotBefore = validity.NotBefore < outside.NotBefore ? outside.NotBefore : validity.NotBefore,
            NotAfter = validity.NotAfter < outside.NotAfter ? validity.NotAfter : outside.NotAfter,
            UriNameConstraint = uriNameConstraint,
        };
    }

    /// <summary>An issuing CA under <paramref name="root"/>, clipped to the root's end; the root's key signs it.</summary>
    /// <exception cref="ArgumentException">A key cannot be a CA's, or nothing of the validity is left within the root's.</exception>
    public static CaCertificateProfile IssuingCa(
        TrustDomain trustDomain, ReadOnlyMemory<byte> subjectPublicKeyInfo, ParsedCertificate root, SerialNumber serial, Validity validity,
        bool uriNameConstraint = false)
    {
        ArgumentNullException.ThrowIfNull(root);
        var key = ReadKey(subjectPublicKeyInfo);
        return new CaCertificateProfile(trustDomain, key, "issuing CA", root.PublicKey, root.SubjectName, root.SubjectKeyIdentifier)
        {
            PathLength = 0,
            Serial = serial,
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter < root.NotAfter ? validity.NotAfter : root.NotAfter,
            UriNameConstraint = uriNameConstraint,
        };
    }

    /// <summary>The subject of a root, in a request for its certificate as in the certificate.</summary>
    internal static byte[] RootName(TrustDomain trustDomain, string authorityId) => NameOf(trustDomain, RootKind, authorityId);

    private static byte[] NameOf(TrustDomain trustDomain, string kind, string authorityId) => WriteName(trustDomain, $"MeshGrains {kind} {authorityId}");

    private static PublicKeyInfo ReadKey(ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        if (!PublicKeyInfo.TryRead(subjectPublicKeyInfo, out var key, out var error))
        {
            throw new ArgumentException(error, nameof(subjectPublicKeyInfo));
        }

        return key.Kind is KeyKind.P256 or KeyKind.P384 or KeyKind.P521 or KeyKind.Rsa
            ? key
            : throw new ArgumentException("The public key cannot be that of a CA; P-256, P-384, P-521 and RSA from 2048 bits can.", nameof(subjectPublicKeyInfo));
    }

    /// <summary>O and CN; the organization is left out where the trust domain is longer than its upper bound (RFC 5280 appendix A.1).</summary>
    private static byte[] WriteName(TrustDomain trustDomain, string commonName)
    {
        var writer = new DerWriter(new byte[512]);
        var end = writer.Position;
        WriteAttribute(ref writer, Oid.CommonName, commonName);
        if (trustDomain.Name.Length <= MaxOrganizationLength)
        {
            WriteAttribute(ref writer, Oid.Organization, trustDomain.Name);
        }

        writer.Wrap(DerTag.Sequence, end);
        return writer.Written.ToArray();
    }

    private static void WriteAttribute(ref DerWriter writer, ReadOnlySpan<byte> oid, string value)
    {
        var mark = writer.Position;
        writer.Ascii(DerTag.Utf8String, value);
        writer.Value(DerTag.Oid, oid);
        writer.Wrap(DerTag.Sequence, mark);
        writer.Wrap(DerTag.Set, mark);
    }
}
