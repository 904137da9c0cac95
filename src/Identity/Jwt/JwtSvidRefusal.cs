namespace MeshGrains.Identity;

/// <summary>Why a token is no JWT-SVID that may be believed.</summary>
public enum JwtSvidRefusal
{
    /// <summary>Not a compact JWS of well-formed JSON within the bounds.</summary>
    Malformed,

    /// <summary>An algorithm that is not allowed, or one that does not fit the key.</summary>
    Algorithm,

    /// <summary>No <c>kid</c>.</summary>
    KeyIdMissing,

    /// <summary>A <c>typ</c> other than JWT and JOSE, or a critical extension.</summary>
    Header,

    /// <summary><c>sub</c> is missing or no SPIFFE ID.</summary>
    Subject,

    /// <summary><c>exp</c> is missing, or a time is no number.</summary>
    Times,

    /// <summary>There is no bundle of the subject's trust domain.</summary>
    UnknownTrustDomain,

    /// <summary>The bundle has no such key.</summary>
    UnknownKey,

    /// <summary>The signature is not that of the key.</summary>
    Signature,

    Expired,

    /// <summary>It is not valid yet, or says that it was issued in the future.</summary>
    NotYetValid,

    /// <summary>It is for somebody else.</summary>
    Audience,
}
