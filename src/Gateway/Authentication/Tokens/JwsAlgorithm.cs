namespace MeshGrains.Gateway;

/// <summary>The signature algorithms that can be allowed (RFC 7518 section 3.1). There is no value for <c>none</c> or a shared secret.</summary>
internal enum JwsAlgorithm
{
    Unknown,
    RS256,
    RS384,
    RS512,
    PS256,
    ES256,
    ES384,
}
