namespace MeshGrains.Keys;

/// <summary>The public facts of one key version.</summary>
/// <param name="SubjectPublicKeyInfo">The public key as DER SubjectPublicKeyInfo (RFC 5280 4.1); empty for a symmetric wrapping key.</param>
/// <param name="Name">The name given to <see cref="IKeyManager.CreateAsync"/>.</param>
public sealed record ManagedKey(
    KeyReference Reference,
    KeyAlgorithm Algorithm,
    KeyPurpose Purpose,
    ReadOnlyMemory<byte> SubjectPublicKeyInfo,
    string Name);
