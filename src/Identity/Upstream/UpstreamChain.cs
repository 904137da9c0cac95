using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// A root's certificate by an outside CA, with everything above it up to the outside root: checked so that every SVID below will be accepted by whoever
/// trusts that outside root.
/// </summary>
public sealed class UpstreamChain
{
    /// <summary>Certificates above our own: two intermediates and the outside root. With leaf and issuing CA that is the longest path that is validated.</summary>
    public const int MaxAbove = 3;

    private UpstreamChain(IReadOnlyList<ParsedCertificate> certificates) => Certificates = certificates;

    /// <summary>Our own first, the outside root last.</summary>
    public IReadOnlyList<ParsedCertificate> Certificates { get; }

    public ParsedCertificate Own => Certificates[0];

    public IReadOnlyList<ParsedCertificate> Above => [.. Certificates.Skip(1)];

    public ParsedCertificate Anchor => Certificates[^1];

    /// <summary>The latest begin of any of them.</summary>
    public DateTimeOffset NotBefore => Certificates.Max(certificate => certificate.NotBefore);

    /// <summary>The earliest end of any of them: nothing below holds longer.</summary>
    public DateTimeOffset NotAfter => Certificates.Min(certificate => certificate.NotAfter);

    /// <summary>Puts the certificates in order and checks them. Every error says what to do.</summary>
    /// <param name="given">Our certificate and those above it, the outside root included, in any order.</param>
    /// <param name="trustDomain">Whose root it is.</param>
    /// <param name="subjectPublicKeyInfo">The root's key as DER.</param>
    /// <param name="now">The instant that counts.</param>
    /// <param name="chain">The result, null on failure.</param>
    /// <param name="error">Why not, null on success.</param>
    public static bool TryCheck(
        IReadOnlyList<ParsedCertificate> given, TrustDomain trustDomain, ReadOnlyMemory<byte> subjectPublicKeyInfo, DateTimeOffset now,
        [NotNullWhen(true)] out UpstreamChain? chain, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(given);
        chain = null;
        error = Order(given, subjectPublicKeyInfo, out var ordered) ?? CheckEach(ordered, trustDomain, now) ?? CheckBelow(ordered, trustDomain);
        if (error is not null)
        {
            return false;
        }

        chain = new UpstreamChain(ordered);
        return true;
    }

    private static string? Order(IReadOnlyList<ParsedCertificate> given, ReadOnlyMemory<byte> spki, out List<ParsedCertificate> ordered)
    {
        var path = ordered = [];
        if (given.Count > 1 + MaxAbove)
        {
            return $"The chain has {given.Count} certificates; at most {1 + MaxAbove} are taken: ours, two intermediates and the outside root. Have it certified by a CA that is nearer to its root.";
        }

        var own = given.Where(certificate => certificate.SubjectPublicKeyInfo.Span.SequenceEqual(spki.Span)).ToList();
        if (own.Count != 1)
        {
            return own.Count == 0
                ? "No certificate of the chain is for the root's key. Sign the request that 'meshctl upstream csr' prints now; an older one was for another key."
                : "Two certificates of the chain are for the root's key. Leave only the one that is to be used.";
        }

        path.Add(own[0]);
        while (!path[^1].IsSelfIssued)
        {
            var below = path[^1];
            var issuers = given.Where(candidate => !path.Contains(candidate) && IsNamedIssuer(candidate, below)).ToList();
            var issuer = issuers.FirstOrDefault(candidate => below.IsSignedBy(candidate.PublicKey));
            if (issuer is null)
            {
                return issuers.Count == 0
                    ? $"The chain ends at {Describe(below)}, whose issuer is not in it. Append the issuer's certificate, and those above it up to the outside root."
                    : $"{Describe(below)} names an issuer that is in the chain, but was not signed by its key (ECDSA or RSA PKCS #1 with SHA-2 are understood). Take the issuer's present certificate.";
            }

            path.Add(issuer);
        }

        if (path.Count == 1)
        {
            return "The certificate of the root's key is issued by itself; an outside CA has to issue it.";
        }

        if (!path[^1].IsSignedBy(path[^1].PublicKey))
        {
            return $"The outside root, {Describe(path[^1])}, is not signed by its own key. Take the PKI's published root certificate.";
        }

        return path.Count == given.Count
            ? null
            : $"{given.Count - path.Count} certificates of the chain are not on the way from the root's certificate to the outside root. Leave them out.";
    }

    private static string? CheckEach(List<ParsedCertificate> ordered, TrustDomain trustDomain, DateTimeOffset now)
    {
        for (var i = 0; i < ordered.Count; i++)
        {
            // Below our own stands the issuing CA.
            var certificate = ordered[i];
            var refusal = PathRules.CheckCa(certificate, trustDomain, caCertificatesBelow: i + 1) ?? PathRules.CheckValidity(certificate, now, TimeSpan.Zero);
            if (refusal is not null)
            {
                return $"{refusal.Error} {Advice(refusal.Refusal)}";
            }

            if (certificate.HasEmptySubject || certificate.SubjectKeyIdentifier.IsEmpty)
            {
                return $"{Describe(certificate)} has no subject or no subject key identifier, and those below could not name it. Have it issued with both.";
            }

            if (certificate.HasExtendedKeyUsage && !(certificate.AllowsServerAuth && certificate.AllowsClientAuth))
            {
                return $"{Describe(certificate)} is restricted by its extended key usage, and TLS libraries hold SVIDs to it. Have it issued without one, or with serverAuth and clientAuth.";
            }
        }

        return JsonWebKey.CanDescribe(ordered[^1].PublicKey)
            ? null
            : "The outside root's key is of a kind that no trust bundle can describe; P-256, P-384, P-521, Ed25519 and RSA can be.";
    }

    /// <summary>Names of an issuing CA and an SVID as they will stand below, against the name constraints of all above.</summary>
    private static string? CheckBelow(List<ParsedCertificate> ordered, TrustDomain trustDomain)
    {
        using var key = IssuerKey.Create();
        var validity = new Validity(ordered[0].NotBefore, ordered[0].NotAfter);
        var profile = CaCertificateProfile.IssuingCa(trustDomain, key.SubjectPublicKeyInfo, ordered[0], RandomSerialSource.Shared.Next(), validity);
        var signature = new byte[IssuerKey.MaxSignatureBytes];
        var length = key.SignDigest(CaCertificateWriter.Digest([0], SignatureAlgorithm.EcdsaSha256), signature);
        var issuing = CaCertificateWriter.Assemble(CaCertificateWriter.BuildTbs(profile), profile.SignatureAlgorithm, signature.AsSpan(0, length));
        var leaf = X509SvidWriter.Issue(Issuer.Create(key, issuing), new X509SvidRequest
        {
            Id = SpiffeId.FromPath(trustDomain, "/ns/example/sa/example"),
            SubjectPublicKeyInfo = key.SubjectPublicKeyInfo,
            Serial = RandomSerialSource.Shared.Next(),
            NotBefore = validity.NotBefore,
            NotAfter = validity.NotAfter,
        });
        return PathRules.CheckNameConstraints([ParsedCertificate.Read(leaf), ParsedCertificate.Read(issuing), .. ordered]) is { } refusal
            ? $"{refusal.Error} SVIDs of spiffe://{trustDomain.Name} would be refused below it. Have the root certified by a CA without these constraints, or one that permits the URI host {trustDomain.Name}."
            : null;
    }

    private static bool IsNamedIssuer(ParsedCertificate candidate, ParsedCertificate below)
        => candidate.SubjectName.Span.SequenceEqual(below.IssuerName.Span)
            && (below.AuthorityKeyIdentifier.IsEmpty || candidate.SubjectKeyIdentifier.IsEmpty
                || below.AuthorityKeyIdentifier.Span.SequenceEqual(candidate.SubjectKeyIdentifier.Span));

    private static string Advice(X509SvidRefusal refusal) => refusal switch
    {
        X509SvidRefusal.NotACa => "Have it issued as a CA certificate (basicConstraints cA).",
        X509SvidRefusal.KeyUsage => "Have it issued with keyCertSign and cRLSign.",
        X509SvidRefusal.PathLength => "The root needs a path length of 1 or none, and each CA above it one more.",
        X509SvidRefusal.AuthoritySpiffeId => "Have it issued with the trust domain's SPIFFE ID as the request asks for it, or without one.",
        X509SvidRefusal.UnknownCriticalExtension => "Have it issued without that extension, or with it not critical.",
        X509SvidRefusal.NotYetValid => "Wait, or look at this machine's clock.",
        X509SvidRefusal.Expired => "Have it issued anew.",
        _ => "Have it issued anew.",
    };

    private static string Describe(ParsedCertificate certificate)
        => $"'{DistinguishedName.Describe(certificate.SubjectName)}' (serial {certificate.SerialHex})";
}
