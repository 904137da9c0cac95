namespace MeshGrains.Identity;

/// <summary>A key that JWT-SVIDs of a trust domain are verified with.</summary>
public sealed class JwtAuthority : IEquatable<JwtAuthority>
{
    /// <exception cref="ArgumentException">The key id is empty, or the key is not P-256, P-384, P-521 or RSA.</exception>
    public JwtAuthority(string keyId, ReadOnlyMemory<byte> subjectPublicKeyInfo)
    {
        ArgumentException.ThrowIfNullOrEmpty(keyId);
        KeyId = keyId;
        PublicKey = PublicKeyInfo.TryRead(subjectPublicKeyInfo.ToArray(), out var key, out var error)
            && key.Kind is KeyKind.P256 or KeyKind.P384 or KeyKind.P521 or KeyKind.Rsa
                ? key
                : throw new ArgumentException(error ?? "A JWT authority's key is P-256, P-384, P-521 or RSA from 2048 bits.", nameof(subjectPublicKeyInfo));
    }

    /// <summary>The "kid", unique within the bundle.</summary>
    public string KeyId { get; }

    public PublicKeyInfo PublicKey { get; }

    public bool Equals(JwtAuthority? other)
        => other is not null && KeyId == other.KeyId && PublicKey.Der.Span.SequenceEqual(other.PublicKey.Der.Span);

    public override bool Equals(object? obj) => Equals(obj as JwtAuthority);

    public override int GetHashCode() => KeyId.GetHashCode(StringComparison.Ordinal);
}
