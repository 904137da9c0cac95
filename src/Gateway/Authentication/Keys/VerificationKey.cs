namespace MeshGrains.Gateway;

/// <summary>
/// A public key of a token issuer. Safe for use by many threads: each verification borrows an instance of the platform's key object,
/// which .NET does not promise to be.
/// </summary>
internal abstract class VerificationKey(string keyId, byte[] fingerprint)
{
    public string KeyId { get; } = keyId;

    /// <summary>SHA-256 over the whole JWK as read; the same key fetched again keeps its imported instances.</summary>
    public byte[] Fingerprint { get; } = fingerprint;

    /// <summary>Whether the key's type, curve and declared <c>alg</c> suit the algorithm that a token claims.</summary>
    public abstract bool Fits(JwsAlgorithm algorithm);

    /// <summary>Never throws for any signature bytes.</summary>
    public abstract bool Verify(JwsAlgorithm algorithm, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature);
}
