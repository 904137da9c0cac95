using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// The trust bundle of one trust domain (SPIFFE Trust Domain and Bundle section 4): the authorities that its SVIDs are verified with.
/// Immutable. A bundle without authorities is a valid one: it says that every SVID of the trust domain is untrusted.
/// </summary>
public sealed class SpiffeBundle
{
    /// <summary>The longest JSON that is read, in bytes.</summary>
    public const int MaxJsonBytes = 1024 * 1024;

    /// <summary>The most keys in a bundle, those that are ignored included.</summary>
    public const int MaxKeys = 1024;

    private SpiffeBundle(
        TrustDomain trustDomain, IReadOnlyList<ParsedCertificate> x509Authorities, IReadOnlyList<JwtAuthority> jwtAuthorities, ulong? sequence, TimeSpan? refreshHint)
    {
        TrustDomain = trustDomain;
        X509Authorities = x509Authorities;
        JwtAuthorities = jwtAuthorities;
        Sequence = sequence;
        RefreshHint = refreshHint;
    }

    /// <summary>A bundle without authorities, sequence or hint.</summary>
    public SpiffeBundle(TrustDomain trustDomain)
        : this(trustDomain ?? throw new ArgumentNullException(nameof(trustDomain)), [], [], null, null)
    {
    }

    public TrustDomain TrustDomain { get; }

    public IReadOnlyList<ParsedCertificate> X509Authorities { get; }

    public IReadOnlyList<JwtAuthority> JwtAuthorities { get; }

    /// <summary>Grows whenever the content changes; null when the publisher gives none.</summary>
    public ulong? Sequence { get; }

    /// <summary>How often readers should ask anew, in whole seconds; null when the publisher gives none (five minutes then hold).</summary>
    public TimeSpan? RefreshHint { get; }

    /// <summary>The same bundle with these CA certificates (DER) instead, in this order, each once.</summary>
    /// <exception cref="ArgumentException">One of them is not a certificate, or there are too many.</exception>
    public SpiffeBundle WithX509Authorities(IEnumerable<ReadOnlyMemory<byte>> certificates)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        var authorities = new List<ParsedCertificate>();
        foreach (var der in certificates)
        {
            var authority = ParsedCertificate.TryRead(der.ToArray(), out var parsed, out var error)
                ? parsed
                : throw new ArgumentException(error, nameof(certificates));
            if (!JsonWebKey.CanDescribe(authority.PublicKey))
            {
                throw new ArgumentException("An authority's key is of a kind that no bundle can describe.", nameof(certificates));
            }

            if (!authorities.Exists(other => other.Der.Span.SequenceEqual(authority.Der.Span)))
            {
                authorities.Add(authority);
            }
        }

        return CheckCount(new SpiffeBundle(TrustDomain, authorities, JwtAuthorities, Sequence, RefreshHint));
    }

    /// <summary>The same bundle with these JWT authorities instead.</summary>
    /// <exception cref="ArgumentException">Two different keys have one key id, or there are too many.</exception>
    public SpiffeBundle WithJwtAuthorities(IEnumerable<JwtAuthority> authorities)
    {
        var list = authorities.Distinct().ToList();
        return list.Select(authority => authority.KeyId).Distinct().Count() == list.Count
            ? CheckCount(new SpiffeBundle(TrustDomain, X509Authorities, list, Sequence, RefreshHint))
            : throw new ArgumentException("Two different JWT authorities have the same key id.", nameof(authorities));
    }

    public SpiffeBundle WithSequence(ulong? sequence) => new(TrustDomain, X509Authorities, JwtAuthorities, sequence, RefreshHint);

    /// <exception cref="ArgumentOutOfRangeException">The hint is negative.</exception>
    public SpiffeBundle WithRefreshHint(TimeSpan? hint)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(hint ?? TimeSpan.Zero, TimeSpan.Zero, nameof(hint));
        return new(TrustDomain, X509Authorities, JwtAuthorities, Sequence, hint is { } given ? TimeSpan.FromSeconds((long)given.TotalSeconds) : null);
    }

    /// <summary>
    /// Reads a bundle's JWK Set by the specification's tolerance: keys of unknown or missing use, of unknown type, and X.509 keys without a
    /// certificate are passed over; only the first certificate of x5c counts. A broken certificate or key, or no "keys", is an error.
    /// </summary>
    public static bool TryRead(
        ReadOnlySpan<byte> utf8Json, TrustDomain trustDomain, [NotNullWhen(true)] out SpiffeBundle? bundle, [NotNullWhen(false)] out string? error)
        => BundleReader.TryRead(utf8Json, trustDomain, out bundle, out error);

    /// <summary>The bundle as the JWK Set of the SPIFFE format, UTF-8, indented. The same bundle always gives the same bytes.</summary>
    public byte[] WriteJwks() => BundleWriter.Write(this);

    /// <summary>The X.509 authorities as PEM, one after another. PEM cannot say whose roots these are: never join those of two trust domains.</summary>
    public string ToPem() => PemWriter.EncodeCertificates(X509Authorities.Select(authority => authority.Der));

    /// <summary>True when both hold the same authorities in any order, whatever their numbers and hints.</summary>
    public bool HasSameAuthorities(SpiffeBundle other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return TrustDomain == other.TrustDomain
            && X509Authorities.Count == other.X509Authorities.Count
            && X509Authorities.All(mine => other.X509Authorities.Any(theirs => theirs.Der.Span.SequenceEqual(mine.Der.Span)))
            && JwtAuthorities.Count == other.JwtAuthorities.Count
            && JwtAuthorities.All(mine => other.JwtAuthorities.Any(mine.Equals));
    }

    private static SpiffeBundle CheckCount(SpiffeBundle bundle)
        => bundle.X509Authorities.Count + bundle.JwtAuthorities.Count <= MaxKeys
            ? bundle
            : throw new ArgumentException($"A bundle holds at most {MaxKeys} keys.");
}
