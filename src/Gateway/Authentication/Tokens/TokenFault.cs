namespace MeshGrains.Gateway;

/// <summary>What is wrong with a token; each has one stable refusal in <see cref="TokenRefusals"/>.</summary>
internal enum TokenFault
{
    Missing,
    TooLarge,
    Malformed,
    Algorithm,
    CriticalExtension,
    KeyIdMissing,
    WrongIssuer,
    WrongCluster,
    WrongAudience,
    Expired,
    NoExpiry,
    NotYetValid,
    Unbound,
    WrongSubject,
    UnknownKey,
    BadSignature,
    ReviewRefused,
}
