namespace MeshGrains.Keys.Azure;

internal sealed record VaultKeySpecification(KeyAlgorithm Algorithm, KeyPurpose Purpose, bool Hsm, IReadOnlyDictionary<string, string> Tags);

/// <param name="Id">The <c>kid</c>.</param>
/// <param name="Operations">The <c>key_ops</c>.</param>
internal sealed record VaultKey(
    string Id, KeyAlgorithm Algorithm, IReadOnlyList<string> Operations, byte[] SubjectPublicKeyInfo, bool Enabled);

internal sealed record VaultKeyVersion(string Id, bool Enabled, long CreatedUnixSeconds, IReadOnlyDictionary<string, string> Tags);

/// <param name="Continuation">Where the next page lies; null on the last.</param>
internal sealed record VaultKeyPage(IReadOnlyList<VaultKeyVersion> Versions, string? Continuation);

/// <param name="Id">The <c>kid</c> of the version that did it.</param>
internal sealed record VaultKeyResult(string Id, byte[] Value);
