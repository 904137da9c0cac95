namespace MeshGrains.Keys;

/// <summary>The kind of a managed key. A signature is made over SHA-256, for P-384 over SHA-384; RSA signs with PKCS#1 v1.5.</summary>
public enum KeyAlgorithm
{
    EcdsaP256,
    EcdsaP384,
    Rsa2048,
    Rsa3072,
    Rsa4096,
}
