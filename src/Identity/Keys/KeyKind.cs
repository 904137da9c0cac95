namespace MeshGrains.Identity;

/// <summary>The kinds of public keys that are told apart. The numbers are kept in stored records: never renumber.</summary>
public enum KeyKind
{
    /// <summary>A key that nothing here verifies with, an RSA key outside 2048 to 8192 bits among them.</summary>
    Other = 0,
    P256 = 1,
    P384 = 2,
    Rsa = 3,
    P521 = 4,
    Ed25519 = 5,
}
