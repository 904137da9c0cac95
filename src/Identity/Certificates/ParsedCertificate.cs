using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text;

namespace MeshGrains.Identity;

/// <summary>
/// An X.509 v3 certificate (RFC 5280 section 4) read strictly and within bounds, without an X509Certificate2: what paths and SVIDs are judged by.
/// Reading judges nothing: see <see cref="X509SvidValidator"/>. Its memory is the memory that was read, which must not change.
/// </summary>
public sealed class ParsedCertificate
{
    /// <summary>The longest certificate that is read, in bytes.</summary>
    public const int MaxDerBytes = 32 * 1024;

    private readonly CertificateFields _fields;
    private readonly CertificateExtensions _extensions;

    private ParsedCertificate(ReadOnlyMemory<byte> der, CertificateFields fields, CertificateExtensions extensions)
    {
        Der = der;
        _fields = fields;
        _extensions = extensions;
    }

    /// <summary>The whole certificate.</summary>
    public ReadOnlyMemory<byte> Der { get; }

    /// <summary>The signed part, as DER.</summary>
    public ReadOnlyMemory<byte> Tbs => _fields.Tbs;

    /// <summary>The serial number's magnitude, big-endian without a sign byte.</summary>
    public ReadOnlyMemory<byte> SerialBytes => _fields.Serial;

    /// <summary>The serial number in lower-case hex, two digits a byte.</summary>
    public string SerialHex => Convert.ToHexStringLower(_fields.Serial.Span);

    /// <summary>The issuer's Name as DER. Names are compared byte by byte.</summary>
    public ReadOnlyMemory<byte> IssuerName => _fields.Issuer;

    /// <summary>The subject's Name as DER; 30 00 when it is empty.</summary>
    public ReadOnlyMemory<byte> SubjectName => _fields.Subject;

    public bool HasEmptySubject => _fields.Subject.Length == 2;

    public bool IsSelfIssued => _fields.Issuer.Span.SequenceEqual(_fields.Subject.Span);

    public DateTimeOffset NotBefore => _fields.Validity.NotBefore;

    public DateTimeOffset NotAfter => _fields.Validity.NotAfter;

    public Validity Validity => _fields.Validity;

    public PublicKeyInfo PublicKey => _fields.Key;

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo => _fields.Key.Der;

    public KeyKind KeyKind => _fields.Key.Kind;

    public SignatureAlgorithm SignatureAlgorithm => _fields.Algorithm;

    public ReadOnlyMemory<byte> Signature => _fields.Signature;

    public bool HasBasicConstraints => _extensions.HasBasicConstraints;

    /// <summary>basicConstraints' cA; false without the extension.</summary>
    public bool IsCa => _extensions.IsCa;

    /// <summary>basicConstraints' pathLenConstraint; null when there is none.</summary>
    public int? PathLength => _extensions.PathLength;

    /// <summary>Null without the extension.</summary>
    public KeyUsages? KeyUsage => _extensions.KeyUsage;

    public bool KeyUsageIsCritical => _extensions.KeyUsageIsCritical;

    /// <summary>True when there is an extended key usage extension at all.</summary>
    public bool HasExtendedKeyUsage => _extensions.HasExtendedKeyUsage;

    public bool AllowsServerAuth => _extensions.ServerAuth;

    public bool AllowsClientAuth => _extensions.ClientAuth;

    public IReadOnlyList<string> UriNames => _extensions.Uris;

    public IReadOnlyList<string> DnsNames => _extensions.DnsNames;

    public IReadOnlyList<IPAddress> IpAddresses => _extensions.IpAddresses;

    public bool SubjectAlternativeNameIsCritical => _extensions.NamesAreCritical;

    public NameConstraints? NameConstraints => _extensions.NameConstraints;

    /// <summary>Empty without the extension.</summary>
    public ReadOnlyMemory<byte> SubjectKeyIdentifier => _extensions.SubjectKeyIdentifier;

    /// <summary>The keyIdentifier of the authority key identifier; empty without one.</summary>
    public ReadOnlyMemory<byte> AuthorityKeyIdentifier => _extensions.AuthorityKeyIdentifier;

    /// <summary>A CA certificate's authority id: its subject key identifier in lower-case hex.</summary>
    public string AuthorityId => Convert.ToHexStringLower(SubjectKeyIdentifier.Span);

    /// <summary>The OIDs (dotted) of critical extensions that nothing here handles; a certificate with one is unusable (RFC 5280 section 4.2).</summary>
    public IReadOnlyList<string> UnknownCriticalExtensions => _extensions.UnknownCritical;

    /// <summary>Reads one certificate and nothing after it. Never throws for what the bytes hold.</summary>
    public static bool TryRead(
        ReadOnlyMemory<byte> der, [NotNullWhen(true)] out ParsedCertificate? certificate, [NotNullWhen(false)] out string? error)
    {
        certificate = null;
        if (der.Length > MaxDerBytes)
        {
            error = $"The certificate has {der.Length} bytes; at most {MaxDerBytes} are read.";
            return false;
        }

        error = CertificateFields.Read(der, out var fields, out var extensionList);
        if (error is not null)
        {
            return false;
        }

        error = CertificateExtensions.Read(extensionList, out var extensions);
        if (error is not null)
        {
            return false;
        }

        certificate = new ParsedCertificate(der, fields, extensions);
        return true;
    }

    /// <summary>Reads one certificate.</summary>
    /// <exception cref="FormatException">The bytes are not a certificate; the message says why.</exception>
    public static ParsedCertificate Read(ReadOnlyMemory<byte> der)
        => TryRead(der, out var certificate, out var error) ? certificate : throw new FormatException(error);

    /// <summary>True when this certificate's signature was made with <paramref name="issuerKey"/>.</summary>
    public bool IsSignedBy(in PublicKeyInfo issuerKey)
        => SignatureVerifier.Verify(issuerKey, SignatureAlgorithm, Tbs.Span, Signature.Span);

    /// <summary>Every name that a constraint can speak of: the alternative names, and the subject when it is not empty.</summary>
    internal IEnumerable<(GeneralNameKind Kind, ReadOnlyMemory<byte> Name)> NamesForConstraints()
        => HasEmptySubject ? _extensions.Names : _extensions.Names.Append((GeneralNameKind.Directory, SubjectName));
}
