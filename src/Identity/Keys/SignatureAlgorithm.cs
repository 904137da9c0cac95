namespace MeshGrains.Identity;

/// <summary>The signature algorithms that are verified, and made for CA certificates. The numbers are kept in stored records: never renumber.</summary>
public enum SignatureAlgorithm
{
    /// <summary>Anything else; it never verifies.</summary>
    Other = 0,
    EcdsaSha256 = 1,
    EcdsaSha384 = 2,
    EcdsaSha512 = 3,
    RsaPkcs1Sha256 = 4,
    RsaPkcs1Sha384 = 5,
    RsaPkcs1Sha512 = 6,
}
