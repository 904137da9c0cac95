namespace MeshGrains.Identity;

/// <summary>Object identifiers and algorithm identifiers as DER: OIDs as contents only, algorithm identifiers whole.</summary>
internal static class Oid
{
    // 1.2.840.10045.2.1 id-ecPublicKey, with the named curves of RFC 5480.
    public static ReadOnlySpan<byte> EcPublicKey => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];

    public static ReadOnlySpan<byte> P256 => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

    public static ReadOnlySpan<byte> P384 => [0x2B, 0x81, 0x04, 0x00, 0x22];

    public static ReadOnlySpan<byte> P521 => [0x2B, 0x81, 0x04, 0x00, 0x23];

    // 1.2.840.113549.1.1.1 rsaEncryption; 1.3.101.112 id-Ed25519 (RFC 8410).
    public static ReadOnlySpan<byte> Rsa => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];

    public static ReadOnlySpan<byte> Ed25519 => [0x2B, 0x65, 0x70];

    // 1.2.840.10045.4.3.{2,3,4} ecdsa-with-SHA{256,384,512}.
    public static ReadOnlySpan<byte> EcdsaSha256 => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];

    public static ReadOnlySpan<byte> EcdsaSha384 => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03];

    public static ReadOnlySpan<byte> EcdsaSha512 => [0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x04];

    // 1.2.840.113549.1.1.{11,12,13} sha{256,384,512}WithRSAEncryption.
    public static ReadOnlySpan<byte> RsaSha256 => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];

    public static ReadOnlySpan<byte> RsaSha384 => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0C];

    public static ReadOnlySpan<byte> RsaSha512 => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0D];

    // 2.5.4.3 commonName and 2.5.4.10 organizationName.
    public static ReadOnlySpan<byte> CommonName => [0x55, 0x04, 0x03];

    public static ReadOnlySpan<byte> Organization => [0x55, 0x04, 0x0A];

    // 1.2.840.113549.1.9.14 extensionRequest (RFC 2985 section 5.4.2).
    public static ReadOnlySpan<byte> ExtensionRequest => [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x0E];

    // 2.5.29.x certificate extensions.
    public static ReadOnlySpan<byte> SubjectKeyIdentifier => [0x55, 0x1D, 0x0E];

    public static ReadOnlySpan<byte> KeyUsage => [0x55, 0x1D, 0x0F];

    public static ReadOnlySpan<byte> SubjectAlternativeName => [0x55, 0x1D, 0x11];

    public static ReadOnlySpan<byte> BasicConstraints => [0x55, 0x1D, 0x13];

    public static ReadOnlySpan<byte> CrlNumber => [0x55, 0x1D, 0x14];

    public static ReadOnlySpan<byte> CrlReason => [0x55, 0x1D, 0x15];

    public static ReadOnlySpan<byte> CrlDistributionPoints => [0x55, 0x1D, 0x1F];

    public static ReadOnlySpan<byte> NameConstraints => [0x55, 0x1D, 0x1E];

    public static ReadOnlySpan<byte> AuthorityKeyIdentifier => [0x55, 0x1D, 0x23];

    public static ReadOnlySpan<byte> ExtendedKeyUsage => [0x55, 0x1D, 0x25];

    // 1.3.6.1.5.5.7.3.{1,2} id-kp-serverAuth and id-kp-clientAuth.
    public static ReadOnlySpan<byte> ServerAuth => [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];

    public static ReadOnlySpan<byte> ClientAuth => [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];
}
