namespace MeshGrains.Identity;

/// <summary>
/// An issuing CA ready to sign: its key, its certificate, and the parts of a leaf that never change under it. Immutable and thread-safe.
/// The key belongs to the caller, who disposes it when no issuance under it can still run.
/// </summary>
public sealed class Issuer
{
    private Issuer(IssuerKey key, ParsedCertificate certificate, TrustDomain trustDomain)
    {
        Key = key;
        Certificate = certificate;
        TrustDomain = trustDomain;
        AlgorithmAndName = LeafTemplate.AlgorithmAndIssuer(certificate.SubjectName.Span);
        AuthorityKeyIdentifierExtension = LeafTemplate.AuthorityKeyIdentifier(certificate.SubjectKeyIdentifier.Span);
        AuthorityId = certificate.AuthorityId;
    }

    public IssuerKey Key { get; }

    public ParsedCertificate Certificate { get; }

    /// <summary>The one trust domain that it issues for: that of its certificate's SPIFFE ID.</summary>
    public TrustDomain TrustDomain { get; }

    /// <summary>Its subject key identifier in lower-case hex.</summary>
    public string AuthorityId { get; }

    public DateTimeOffset NotBefore => Certificate.NotBefore;

    /// <summary>No leaf holds beyond this.</summary>
    public DateTimeOffset NotAfter => Certificate.NotAfter;

    internal byte[] AlgorithmAndName { get; }

    internal byte[] AuthorityKeyIdentifierExtension { get; }

    /// <summary>Joins a key with the certificate that an authority made for it.</summary>
    /// <exception cref="ArgumentException">The certificate is not one of a SPIFFE signing CA, or is for another key.</exception>
    public static Issuer Create(IssuerKey key, ReadOnlyMemory<byte> certificateDer)
    {
        ArgumentNullException.ThrowIfNull(key);
        if (!ParsedCertificate.TryRead(certificateDer, out var certificate, out var error))
        {
            throw new ArgumentException($"The issuing CA's certificate cannot be read: {error}", nameof(certificateDer));
        }

        if (!certificate.SubjectPublicKeyInfo.Span.SequenceEqual(key.SubjectPublicKeyInfo.Span))
        {
            throw new ArgumentException("The issuing CA's certificate is for another key.", nameof(certificateDer));
        }

        if (!certificate.IsCa || certificate.KeyUsage?.HasFlag(KeyUsages.KeyCertSign) != true || certificate.HasEmptySubject
            || certificate.SubjectKeyIdentifier.IsEmpty)
        {
            throw new ArgumentException(
                "The issuing CA's certificate must have cA, keyCertSign, a subject and a subject key identifier.", nameof(certificateDer));
        }

        if (certificate.UriNames.Count != 1 || !SpiffeId.TryParse(certificate.UriNames[0], out var id, out _) || id.Path.Length > 0)
        {
            throw new ArgumentException(
                "The issuing CA's certificate must carry exactly one URI, the SPIFFE ID of its trust domain.", nameof(certificateDer));
        }

        return new Issuer(key, certificate, id.TrustDomain);
    }
}
