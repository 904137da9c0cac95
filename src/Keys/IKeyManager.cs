namespace MeshGrains.Keys;

/// <summary>
/// Keys that this process may use but, in production, never sees. Every member throws <see cref="KeyManagerException"/> on failure; its text
/// never carries a token, a PIN or key material. Implementations may be called from many threads at once.
/// </summary>
public interface IKeyManager : IAsyncDisposable
{
    /// <summary>The URI scheme: <c>file</c>, <c>pkcs11</c> or <c>azurekms</c>.</summary>
    string Scheme { get; }

    /// <summary>False for keys that lie on this machine's disk; the silo then warns loudly.</summary>
    bool IsProductionGrade { get; }

    /// <summary>
    /// The newest version under <paramref name="name"/> made by this product, or null when there is none. Finds a key whose create reply was
    /// lost. A newest version that is disabled is an error (<see cref="KeyManagerError.Disabled"/>), never skipped.
    /// </summary>
    ValueTask<ManagedKey?> FindAsync(string name, CancellationToken ct);

    /// <summary>
    /// Makes a new version under <paramref name="name"/> (<c>^[0-9a-zA-Z-]{1,127}$</c>). The caller has recorded the name before; after any
    /// failure it asks <see cref="FindAsync"/> before it creates again, since the key may exist. A wrapping key has to be RSA.
    /// </summary>
    ValueTask<ManagedKey> CreateAsync(string name, KeyAlgorithm algorithm, KeyPurpose purpose, CancellationToken ct);

    /// <summary>The facts of a pinned version, asked of the key store anew.</summary>
    ValueTask<ManagedKey> GetAsync(KeyReference key, CancellationToken ct);

    /// <summary>
    /// Signs a digest (32 bytes SHA-256; 48 bytes SHA-384 for P-384). The result is in X.509 form: a DER SEQUENCE of r and s for ECDSA, the
    /// PKCS#1 v1.5 block for RSA. It has been verified under the pinned version's public key.
    /// </summary>
    ValueTask<byte[]> SignDigestAsync(KeyReference key, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct);

    /// <summary>Wraps a data key of 1 to 64 bytes.</summary>
    ValueTask<byte[]> WrapAsync(KeyReference key, ReadOnlyMemory<byte> plaintext, CancellationToken ct);

    /// <summary>Undoes <see cref="WrapAsync"/>; anything altered is <see cref="KeyManagerError.Invalid"/>.</summary>
    ValueTask<byte[]> UnwrapAsync(KeyReference key, ReadOnlyMemory<byte> wrapped, CancellationToken ct);
}
