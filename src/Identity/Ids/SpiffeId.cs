using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// A SPIFFE ID, "spiffe://trust-domain/path", by the letter of SPIFFE-ID sections 2 to 2.3: lower-case scheme and trust domain,
/// no user, port, query, fragment or percent-encoding, no empty, "." or ".." segment, no trailing slash, at most 2048 bytes.
/// </summary>
public sealed class SpiffeId : IEquatable<SpiffeId>
{
    /// <summary>The longest ID, in bytes, scheme included.</summary>
    public const int MaxLength = 2048;

    /// <summary>"spiffe://".</summary>
    public const string SchemePrefix = "spiffe://";

    private readonly string _text;

    internal SpiffeId(TrustDomain trustDomain, string path)
        : this(trustDomain, path, SchemePrefix + trustDomain.Name + path)
    {
    }

    private SpiffeId(TrustDomain trustDomain, string path, string text)
    {
        TrustDomain = trustDomain;
        Path = path;
        _text = text;
    }

    public TrustDomain TrustDomain { get; }

    /// <summary>"" for a trust domain's own ID, otherwise "/a/b".</summary>
    public string Path { get; }

    /// <exception cref="FormatException">The text is not a SPIFFE ID; the message says why.</exception>
    public static SpiffeId Parse(string text) => TryParse(text, out var id, out var error) ? id : throw new FormatException(error);

    /// <param name="text">The whole ID.</param>
    /// <param name="id">The result, null on failure.</param>
    /// <param name="error">Why not, null on success.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out SpiffeId? id, [NotNullWhen(false)] out string? error)
    {
        id = null;
        if (string.IsNullOrEmpty(text))
        {
            error = "A SPIFFE ID must not be empty.";
            return false;
        }

        if (!text.StartsWith(SchemePrefix, StringComparison.Ordinal))
        {
            error = $"A SPIFFE ID starts with '{SchemePrefix}'.";
            return false;
        }

        if (text.Length > MaxLength)
        {
            error = $"A SPIFFE ID has at most {MaxLength} bytes; this one has {text.Length} characters.";
            return false;
        }

        var slash = text.IndexOf('/', SchemePrefix.Length);
        var end = slash < 0 ? text.Length : slash;
        if (!TrustDomain.TryParse(text[SchemePrefix.Length..end], out var trustDomain, out error))
        {
            return false;
        }

        var path = text[end..];
        error = SpiffePath.Check(path);
        if (error is not null)
        {
            return false;
        }

        id = new SpiffeId(trustDomain, path, text);
        return true;
    }

    /// <summary>The ID of <paramref name="path"/> ("" or "/a/b") within a trust domain.</summary>
    /// <exception cref="FormatException">The path is not one, or the whole would be longer than 2048 bytes.</exception>
    public static SpiffeId FromPath(TrustDomain trustDomain, string path)
        => TryFromPath(trustDomain, path, out var id, out var error) ? id : throw new FormatException(error);

    /// <inheritdoc cref="FromPath"/>
    public static bool TryFromPath(
        TrustDomain trustDomain, string? path, [NotNullWhen(true)] out SpiffeId? id, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(trustDomain);
        id = null;
        error = path is null ? "A path is needed; it may be empty." : SpiffePath.Check(path);
        if (error is not null)
        {
            return false;
        }

        var length = SchemePrefix.Length + trustDomain.Name.Length + path!.Length;
        if (length > MaxLength)
        {
            error = $"A SPIFFE ID has at most {MaxLength} bytes; this one would have {length}.";
            return false;
        }

        id = new SpiffeId(trustDomain, path);
        return true;
    }

    public bool IsMemberOf(TrustDomain trustDomain) => TrustDomain == trustDomain;

    public bool Equals(SpiffeId? other) => ReferenceEquals(this, other) || (other is not null && _text == other._text);

    public override bool Equals(object? obj) => Equals(obj as SpiffeId);

    public override int GetHashCode() => _text.GetHashCode(StringComparison.Ordinal);

    /// <summary>The whole ID: "spiffe://example.org/ns/a".</summary>
    public override string ToString() => _text;

    public static bool operator ==(SpiffeId? left, SpiffeId? right) => left?.Equals(right) ?? right is null;

    public static bool operator !=(SpiffeId? left, SpiffeId? right) => !(left == right);
}
