using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>
/// The name of a SPIFFE trust domain: 1 to 255 of the characters a-z, 0-9, '.', '-' and '_' (SPIFFE-ID section 2.1 and 2.3).
/// Upper case is refused, never folded. An IPv4 text is a name like any other.
/// </summary>
public sealed class TrustDomain : IEquatable<TrustDomain>
{
    /// <summary>The longest name, in bytes.</summary>
    public const int MaxLength = 255;

    private SpiffeId? _id;

    private TrustDomain(string name) => Name = name;

    /// <summary>The bare name, without a scheme: "example.org".</summary>
    public string Name { get; }

    /// <summary>The trust domain's own SPIFFE ID, which has no path: "spiffe://example.org".</summary>
    public SpiffeId Id => _id ??= new SpiffeId(this, "");

    /// <exception cref="FormatException">The name is not a trust domain; the message says why.</exception>
    public static TrustDomain Parse(string name)
        => TryParse(name, out var trustDomain, out var error) ? trustDomain : throw new FormatException(error);

    /// <param name="name">The bare name; a whole SPIFFE ID is refused.</param>
    /// <param name="trustDomain">The result, null on failure.</param>
    /// <param name="error">Why not, null on success.</param>
    public static bool TryParse(
        string? name, [NotNullWhen(true)] out TrustDomain? trustDomain, [NotNullWhen(false)] out string? error)
    {
        error = Check(name);
        trustDomain = error is null ? new TrustDomain(name!) : null;
        return error is null;
    }

    public bool Equals(TrustDomain? other) => ReferenceEquals(this, other) || (other is not null && Name == other.Name);

    public override bool Equals(object? obj) => Equals(obj as TrustDomain);

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    /// <summary>The bare name.</summary>
    public override string ToString() => Name;

    public static bool operator ==(TrustDomain? left, TrustDomain? right) => left?.Equals(right) ?? right is null;

    public static bool operator !=(TrustDomain? left, TrustDomain? right) => !(left == right);

    private static string? Check(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "A trust domain must not be empty.";
        }

        if (name.Length > MaxLength)
        {
            return $"A trust domain has at most {MaxLength} characters; this one has {name.Length}.";
        }

        foreach (var c in name)
        {
            if (!IsNameCharacter(c))
            {
                return c switch
                {
                    >= 'A' and <= 'Z' => "A trust domain must be in lower case.",
                    ':' or '/' => "A trust domain is a bare name such as 'example.org', without a scheme, port or path.",
                    _ => $"A trust domain consists of a-z, 0-9, '.', '-' and '_'; character U+{(int)c:X4} is not allowed.",
                };
            }
        }

        return null;
    }

    private static bool IsNameCharacter(char c) => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '.' or '-' or '_';
}
