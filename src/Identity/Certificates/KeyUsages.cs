namespace MeshGrains.Identity;

/// <summary>The bits of the key usage extension (RFC 5280 section 4.2.1.3); bit 0 of the BIT STRING is the highest here.</summary>
[Flags]
public enum KeyUsages
{
    None = 0,
    DigitalSignature = 0x8000,
    NonRepudiation = 0x4000,
    KeyEncipherment = 0x2000,
    DataEncipherment = 0x1000,
    KeyAgreement = 0x0800,
    KeyCertSign = 0x0400,
    CrlSign = 0x0200,
    EncipherOnly = 0x0100,
    DecipherOnly = 0x0080,
}
