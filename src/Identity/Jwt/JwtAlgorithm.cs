namespace MeshGrains.Identity;

/// <summary>The signature algorithms of JWT-SVIDs that are made or verified; no others are, <c>none</c> and the HMACs least of all. The names are those of RFC 7518.</summary>
public enum JwtAlgorithm
{
    ES256,
    ES384,
    RS256,
    RS384,
    RS512,
    PS256,
}
