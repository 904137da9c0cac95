namespace MeshGrains.Identity;

/// <summary>What RFC 5280 section 6.1 and SPIFFE X509-SVID section 4 ask of each certificate of a path.</summary>
internal static class PathRules
{
    public static X509SvidValidation? CheckExtensions(ParsedCertificate certificate)
        => certificate.UnknownCriticalExtensions.Count == 0
            ? null
            : X509SvidValidation.Refused(
                X509SvidRefusal.UnknownCriticalExtension,
                $"{Describe(certificate)} has the critical extension {certificate.UnknownCriticalExtensions[0]}, which is not handled.");

    public static X509SvidValidation? CheckValidity(ParsedCertificate certificate, DateTimeOffset now, TimeSpan skew)
    {
        if (certificate.Validity.Holds(now, skew))
        {
            return null;
        }

        return now < certificate.NotBefore
            ? X509SvidValidation.Refused(
                X509SvidRefusal.NotYetValid, $"{Describe(certificate)} is valid from {certificate.NotBefore:u}; it is {now.ToUniversalTime():u}.")
            : X509SvidValidation.Refused(
                X509SvidRefusal.Expired, $"{Describe(certificate)} was valid until {certificate.NotAfter:u}; it is {now.ToUniversalTime():u}.");
    }

    /// <summary>The rules of a certificate that signs the next one of the path.</summary>
    /// <param name="ca">The signing certificate.</param>
    /// <param name="trustDomain">The trust domain of the leaf.</param>
    /// <param name="caCertificatesBelow">The CA certificates between it and the leaf, those issued to themselves not counted.</param>
    public static X509SvidValidation? CheckCa(ParsedCertificate ca, TrustDomain trustDomain, int caCertificatesBelow)
    {
        if (!ca.IsCa)
        {
            return X509SvidValidation.Refused(X509SvidRefusal.NotACa, $"{Describe(ca)} is not one of a CA.");
        }

        if (ca.KeyUsage?.HasFlag(KeyUsages.KeyCertSign) != true)
        {
            return X509SvidValidation.Refused(X509SvidRefusal.KeyUsage, $"{Describe(ca)} may not sign certificates: its key usage lacks keyCertSign.");
        }

        if (ca.PathLength < caCertificatesBelow)
        {
            return X509SvidValidation.Refused(
                X509SvidRefusal.PathLength, $"{Describe(ca)} allows {ca.PathLength} CA certificates below it; there are {caCertificatesBelow}.");
        }

        return CheckSpiffeId(ca, trustDomain) ?? CheckExtensions(ca);
    }

    /// <summary>The name constraints of every CA of the path, from the leaf up, on every certificate below it.</summary>
    public static X509SvidValidation? CheckNameConstraints(IReadOnlyList<ParsedCertificate> path)
    {
        for (var i = 1; i < path.Count; i++)
        {
            if (path[i].NameConstraints is not { } constraints)
            {
                continue;
            }

            for (var below = 0; below < i; below++)
            {
                // RFC 5280 section 4.2.1.10: not on certificates issued to themselves, unless at the end of the path.
                if ((below == 0 || !path[below].IsSelfIssued) && constraints.Refuses(path[below]) is { } reason)
                {
                    return X509SvidValidation.Refused(X509SvidRefusal.NameConstraints, $"{Describe(path[i])} constrains names: {reason}.");
                }
            }
        }

        return null;
    }

    public static string Describe(ParsedCertificate certificate) => $"The certificate with serial {certificate.SerialHex}";

    private static X509SvidValidation? CheckSpiffeId(ParsedCertificate ca, TrustDomain trustDomain)
    {
        foreach (var uri in ca.UriNames)
        {
            if (!uri.StartsWith(SpiffeId.SchemePrefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            if (!SpiffeId.TryParse(uri, out var id, out _) || id.Path.Length > 0 || id.TrustDomain != trustDomain)
            {
                return X509SvidValidation.Refused(
                    X509SvidRefusal.AuthoritySpiffeId, $"{Describe(ca)} signs for '{trustDomain}', but its own SPIFFE ID is not that of this trust domain.");
            }
        }

        return null;
    }
}
