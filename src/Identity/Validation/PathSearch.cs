namespace MeshGrains.Identity;

/// <summary>
/// The search for one path from a leaf to an authority of the bundle. Every step costs a good signature out of a fixed budget, and an
/// intermediate stands in a path once, so that no set of certificates makes the search long.
/// </summary>
internal sealed class PathSearch(
    SpiffeBundle bundle, IReadOnlyList<ParsedCertificate> intermediates, DateTimeOffset now, X509SvidValidationOptions options)
{
    private readonly List<ParsedCertificate> _path = [];
    private X509SvidValidation? _refusal;

    /// <summary>Signatures verified so far.</summary>
    public int SignatureChecks { get; private set; }

    public X509SvidValidation Run(ParsedCertificate leaf, SpiffeId id)
    {
        if (PathRules.CheckValidity(leaf, now, options.ClockSkew) is { } refusal)
        {
            return refusal;
        }

        _path.Add(leaf);
        if (Extend(caCertificatesBelow: 0))
        {
            return X509SvidValidation.Valid(id, _path);
        }

        return _refusal ?? X509SvidValidation.Refused(
            X509SvidRefusal.UnknownAuthority, $"The bundle of '{bundle.TrustDomain}' has no authority that the certificate leads to.");
    }

    private bool Extend(int caCertificatesBelow)
    {
        if (_path.Count >= options.MaxDepth)
        {
            return Refuse(X509SvidValidation.Refused(X509SvidRefusal.TooDeep, $"The path is longer than {options.MaxDepth} certificates."));
        }

        var certificate = _path[^1];
        foreach (var authority in bundle.X509Authorities)
        {
            if (IsIssuer(authority, certificate) && Accepts(authority, certificate, caCertificatesBelow) && Finish(authority))
            {
                return true;
            }
        }

        foreach (var intermediate in intermediates)
        {
            if (!_path.Contains(intermediate) && IsIssuer(intermediate, certificate) && Accepts(intermediate, certificate, caCertificatesBelow))
            {
                _path.Add(intermediate);
                if (Extend(caCertificatesBelow + (intermediate.IsSelfIssued ? 0 : 1)))
                {
                    return true;
                }

                _path.RemoveAt(_path.Count - 1);
            }
        }

        return false;
    }

    private bool Finish(ParsedCertificate authority)
    {
        _path.Add(authority);
        if (PathRules.CheckNameConstraints(_path) is not { } refusal)
        {
            return true;
        }

        _path.RemoveAt(_path.Count - 1);
        return Refuse(refusal);
    }

    private static bool IsIssuer(ParsedCertificate candidate, ParsedCertificate certificate)
        => candidate.SubjectName.Span.SequenceEqual(certificate.IssuerName.Span)
            && (certificate.AuthorityKeyIdentifier.IsEmpty || candidate.SubjectKeyIdentifier.IsEmpty
                || certificate.AuthorityKeyIdentifier.Span.SequenceEqual(candidate.SubjectKeyIdentifier.Span));

    private bool Accepts(ParsedCertificate candidate, ParsedCertificate certificate, int caCertificatesBelow)
    {
        var refusal = PathRules.CheckCa(candidate, bundle.TrustDomain, caCertificatesBelow)
            ?? PathRules.CheckValidity(candidate, now, options.ClockSkew);
        if (refusal is not null)
        {
            return Refuse(refusal);
        }

        if (SignatureChecks >= options.MaxSignatureChecks)
        {
            return Refuse(X509SvidValidation.Refused(X509SvidRefusal.TooDeep, $"No path was found within {options.MaxSignatureChecks} signature checks."));
        }

        SignatureChecks++;
        return certificate.IsSignedBy(candidate.PublicKey)
            || Refuse(X509SvidValidation.Refused(X509SvidRefusal.BadSignature, $"{PathRules.Describe(certificate)} was not signed by its issuer's key."));
    }

    // The first reason found is told: candidates come in order, and one that fits by name is most likely the one that was meant.
    private bool Refuse(X509SvidValidation refusal)
    {
        _refusal ??= refusal;
        return false;
    }
}
