namespace MeshGrains.Identity;

/// <summary>
/// Validates X509-SVIDs (SPIFFE X509-SVID section 5 over RFC 5280 section 6) against the one bundle of the SVID's own trust domain.
/// The work is bounded whatever a peer sends. Thread-safe; never throws for what certificates hold.
/// </summary>
public static class X509SvidValidator
{
    /// <summary>Validates against the bundle of the SVID's trust domain out of a set.</summary>
    /// <param name="leafDer">The SVID.</param>
    /// <param name="intermediates">The certificates that came with it, in any order.</param>
    /// <param name="bundles">The bundles that are trusted.</param>
    /// <param name="now">The instant that counts.</param>
    /// <param name="options">Skew and bounds; the defaults unless told.</param>
    public static X509SvidValidation Validate(
        ReadOnlyMemory<byte> leafDer, IReadOnlyList<ReadOnlyMemory<byte>> intermediates, SpiffeBundleSet bundles, DateTimeOffset now,
        X509SvidValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bundles);
        return Validate(leafDer, intermediates, trustDomain => bundles.TryGet(trustDomain, out var bundle) ? bundle : null, now, options);
    }

    /// <summary>Validates against one bundle; an SVID of another trust domain is refused with <see cref="X509SvidRefusal.NoBundle"/>.</summary>
    /// <inheritdoc cref="Validate(ReadOnlyMemory{byte}, IReadOnlyList{ReadOnlyMemory{byte}}, SpiffeBundleSet, DateTimeOffset, X509SvidValidationOptions)"/>
    public static X509SvidValidation Validate(
        ReadOnlyMemory<byte> leafDer, IReadOnlyList<ReadOnlyMemory<byte>> intermediates, SpiffeBundle bundle, DateTimeOffset now,
        X509SvidValidationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        return Validate(leafDer, intermediates, trustDomain => bundle.TrustDomain == trustDomain ? bundle : null, now, options);
    }

    private static X509SvidValidation Validate(
        ReadOnlyMemory<byte> leafDer, IReadOnlyList<ReadOnlyMemory<byte>> intermediates, Func<TrustDomain, SpiffeBundle?> bundleOf, DateTimeOffset now,
        X509SvidValidationOptions? options)
    {
        ArgumentNullException.ThrowIfNull(intermediates);
        options ??= X509SvidValidationOptions.Default;
        if (!ParsedCertificate.TryRead(leafDer, out var leaf, out var error))
        {
            return X509SvidValidation.Refused(X509SvidRefusal.Unreadable, error);
        }

        if (LeafRules.Check(leaf, out var id) is { } refusal)
        {
            return refusal;
        }

        if (bundleOf(id!.TrustDomain) is not { } bundle)
        {
            return X509SvidValidation.Refused(X509SvidRefusal.NoBundle, $"There is no trust bundle of trust domain '{id.TrustDomain}'.");
        }

        if (intermediates.Count > options.MaxIntermediates)
        {
            return X509SvidValidation.Refused(
                X509SvidRefusal.TooManyCertificates, $"{intermediates.Count} intermediates came along; at most {options.MaxIntermediates} are looked at.");
        }

        var parsed = new List<ParsedCertificate>(intermediates.Count);
        foreach (var der in intermediates)
        {
            if (!ParsedCertificate.TryRead(der, out var intermediate, out error))
            {
                return X509SvidValidation.Refused(X509SvidRefusal.Unreadable, $"An intermediate cannot be read: {error}");
            }

            parsed.Add(intermediate);
        }

        return new PathSearch(bundle, parsed, now, options).Run(leaf, id);
    }
}
