namespace MeshGrains.Identity;

/// <summary>What SPIFFE X509-SVID sections 2 to 5 ask of a leaf by itself.</summary>
internal static class LeafRules
{
    /// <summary>Gives the refusal, or null and the leaf's SPIFFE ID.</summary>
    public static X509SvidValidation? Check(ParsedCertificate leaf, out SpiffeId? id)
    {
        id = null;
        if (leaf.UriNames.Count != 1)
        {
            return Refused(X509SvidRefusal.NotOneUri, $"An X509-SVID has exactly one URI name; this certificate has {leaf.UriNames.Count}.");
        }

        if (!SpiffeId.TryParse(leaf.UriNames[0], out id, out var error))
        {
            return Refused(X509SvidRefusal.NotASpiffeId, $"The certificate's URI name is not a SPIFFE ID: {error}");
        }

        if (id.Path.Length == 0)
        {
            return Refused(X509SvidRefusal.NoPath, $"'{id}' names a trust domain, not a workload.");
        }

        if (leaf.IsCa)
        {
            return Refused(X509SvidRefusal.LeafIsCa, "The certificate is one of a CA and may not be used to authenticate.");
        }

        if (leaf.KeyUsage is not { } usage || !leaf.KeyUsageIsCritical || !usage.HasFlag(KeyUsages.DigitalSignature)
            || (usage & (KeyUsages.KeyCertSign | KeyUsages.CrlSign)) != 0)
        {
            return Refused(
                X509SvidRefusal.KeyUsage, "An X509-SVID has a critical key usage with digitalSignature and without keyCertSign and cRLSign.");
        }

        if (leaf.HasExtendedKeyUsage && !(leaf.AllowsServerAuth && leaf.AllowsClientAuth))
        {
            return Refused(X509SvidRefusal.ExtendedKeyUsage, "The certificate's extended key usage lacks serverAuth or clientAuth.");
        }

        if (leaf.HasEmptySubject && !leaf.SubjectAlternativeNameIsCritical)
        {
            return Refused(X509SvidRefusal.NameNotCritical, "The certificate's subject is empty, but its alternative name is not critical.");
        }

        return PathRules.CheckExtensions(leaf);
    }

    private static X509SvidValidation Refused(X509SvidRefusal refusal, string error) => X509SvidValidation.Refused(refusal, error);
}
