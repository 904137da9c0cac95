using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>What follows from a <see cref="JwtAlgorithm"/>.</summary>
public static class JwtAlgorithms
{
    /// <summary>The names, for messages.</summary>
    public const string Supported = "ES256, ES384, RS256, RS384, RS512, PS256";

    private static readonly Dictionary<string, JwtAlgorithm> ByName =
        Enum.GetValues<JwtAlgorithm>().ToDictionary(algorithm => algorithm.ToString(), StringComparer.Ordinal);

    /// <summary>False for every name that is not allowed. Names are case-sensitive (RFC 7515 section 4.1.1).</summary>
    public static bool TryParse(string? name, out JwtAlgorithm algorithm)
    {
        algorithm = default;
        return name is not null && ByName.TryGetValue(name, out algorithm);
    }

    /// <summary>True when keys of this kind sign with this algorithm: each curve has exactly one (RFC 7518 section 3.4).</summary>
    public static bool Fits(this JwtAlgorithm algorithm, KeyKind kind) => algorithm switch
    {
        JwtAlgorithm.ES256 => kind == KeyKind.P256,
        JwtAlgorithm.ES384 => kind == KeyKind.P384,
        _ => kind == KeyKind.Rsa,
    };

    /// <summary>The algorithm that is published with a key; null for a key that signs with none of them.</summary>
    public static JwtAlgorithm? Of(KeyKind kind) => kind switch
    {
        KeyKind.P256 => JwtAlgorithm.ES256,
        KeyKind.P384 => JwtAlgorithm.ES384,
        KeyKind.Rsa => JwtAlgorithm.RS256,
        _ => null,
    };

    internal static HashAlgorithmName HashName(this JwtAlgorithm algorithm) => algorithm switch
    {
        JwtAlgorithm.ES384 or JwtAlgorithm.RS384 => HashAlgorithmName.SHA384,
        JwtAlgorithm.RS512 => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };

    internal static RSASignaturePadding Padding(this JwtAlgorithm algorithm) =>
        algorithm == JwtAlgorithm.PS256 ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
}
