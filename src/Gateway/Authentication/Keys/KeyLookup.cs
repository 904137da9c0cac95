namespace MeshGrains.Gateway;

/// <summary>A key; or neither key nor <see cref="RetryAfter"/>, when the issuer has no such key; or a time to try again, when nobody can tell now.</summary>
internal readonly record struct KeyLookup(VerificationKey? Key, TimeSpan? RetryAfter)
{
    public static KeyLookup Unknown => default;

    public static KeyLookup Found(VerificationKey key) => new(key, null);

    public static KeyLookup Unavailable(TimeSpan retryAfter) => new(null, retryAfter);
}
