namespace MeshGrains.Identity;

/// <summary>Why an X509-SVID was not accepted.</summary>
public enum X509SvidRefusal
{
    None = 0,

    /// <summary>The leaf or an intermediate is not a certificate that can be read.</summary>
    Unreadable,

    /// <summary>More intermediates than are looked at.</summary>
    TooManyCertificates,

    /// <summary>The leaf has no URI name, or more than one.</summary>
    NotOneUri,

    /// <summary>The leaf's URI name is not a SPIFFE ID.</summary>
    NotASpiffeId,

    /// <summary>The leaf's SPIFFE ID has no path, so that it names a trust domain.</summary>
    NoPath,

    /// <summary>The leaf is a CA certificate.</summary>
    LeafIsCa,

    /// <summary>A leaf without critical digitalSignature or with a CA's usages, or a CA without keyCertSign.</summary>
    KeyUsage,

    /// <summary>The leaf restricts its purposes and lacks serverAuth or clientAuth.</summary>
    ExtendedKeyUsage,

    /// <summary>The leaf's subject is empty and its alternative name is not critical.</summary>
    NameNotCritical,

    /// <summary>A certificate has a critical extension that is not handled.</summary>
    UnknownCriticalExtension,

    /// <summary>There is no bundle of the SVID's trust domain.</summary>
    NoBundle,

    NotYetValid,

    Expired,

    /// <summary>No authority of the bundle, nor an intermediate that leads to one, has the issuer's name and key id.</summary>
    UnknownAuthority,

    BadSignature,

    /// <summary>An issuer's certificate is not one of a CA.</summary>
    NotACa,

    /// <summary>More CA certificates follow an authority than its path length allows.</summary>
    PathLength,

    /// <summary>A name below an authority lies outside what its name constraints permit.</summary>
    NameConstraints,

    /// <summary>A CA's own SPIFFE ID has a path or is of another trust domain.</summary>
    AuthoritySpiffeId,

    /// <summary>The path is longer than allowed, or looking for one took too many signature checks.</summary>
    TooDeep,
}
