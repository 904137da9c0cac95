namespace MeshGrains.Keys.Azure;

/// <summary>
/// One attempt at one operation of Key Vault's keys API; no retries. The seam where Azure.Security.KeyVault.Keys can take over from
/// <see cref="RestVaultKeyClient"/>. Refusals are <see cref="VaultRequestException"/>.
/// </summary>
internal interface IVaultKeyClient : IDisposable
{
    Task<VaultKey> CreateKeyAsync(string name, VaultKeySpecification specification, CancellationToken ct);

    Task<VaultKey> GetKeyAsync(string name, string version, CancellationToken ct);

    /// <summary>One page of a name's versions, in no order; an unknown name has none.</summary>
    Task<VaultKeyPage> ListVersionsAsync(string name, string? continuation, CancellationToken ct);

    /// <summary>ECDSA as r and s side by side, RSA as PKCS#1 v1.5.</summary>
    Task<VaultKeyResult> SignAsync(string name, string version, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct);

    /// <summary>RSA-OAEP-256.</summary>
    Task<VaultKeyResult> WrapAsync(string name, string version, ReadOnlyMemory<byte> plaintext, CancellationToken ct);

    /// <inheritdoc cref="WrapAsync"/>
    Task<VaultKeyResult> UnwrapAsync(string name, string version, ReadOnlyMemory<byte> wrapped, CancellationToken ct);
}
