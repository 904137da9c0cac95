namespace MeshGrains.Identity;

/// <summary>Why a certificate is on a list (RFC 5280 section 5.3.1); the numbers are those of the extension.</summary>
public enum CrlReason
{
    /// <summary>No reason is written.</summary>
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,

    /// <summary>It may come off the list again.</summary>
    CertificateHold = 6,
    RemoveFromCrl = 8,
    PrivilegeWithdrawn = 9,
    AuthorityCompromise = 10,
}
