using System.Security.Cryptography;

namespace MeshGrains.Gateway;

internal static class JwsAlgorithms
{
    public const string Supported = "RS256, RS384, RS512, PS256, ES256, ES384";

    /// <summary>Names are case-sensitive (RFC 7515 section 4.1.1).</summary>
    public static JwsAlgorithm Parse(ReadOnlySpan<byte> name)
    {
        if (name.Length != 5)
        {
            return JwsAlgorithm.Unknown;
        }

        return name.SequenceEqual("RS256"u8) ? JwsAlgorithm.RS256
            : name.SequenceEqual("ES256"u8) ? JwsAlgorithm.ES256
            : name.SequenceEqual("RS384"u8) ? JwsAlgorithm.RS384
            : name.SequenceEqual("RS512"u8) ? JwsAlgorithm.RS512
            : name.SequenceEqual("PS256"u8) ? JwsAlgorithm.PS256
            : name.SequenceEqual("ES384"u8) ? JwsAlgorithm.ES384
            : JwsAlgorithm.Unknown;
    }

    public static JwsAlgorithm Parse(string name)
        => name.Length == 5 && Enum.TryParse<JwsAlgorithm>(name, ignoreCase: false, out var algorithm) && Enum.IsDefined(algorithm)
            ? algorithm
            : JwsAlgorithm.Unknown;

    /// <summary>Writes the algorithm's digest of <paramref name="data"/>, at most 64 bytes, and returns its length.</summary>
    public static int Hash(this JwsAlgorithm algorithm, ReadOnlySpan<byte> data, Span<byte> digest) => algorithm switch
    {
        JwsAlgorithm.RS384 or JwsAlgorithm.ES384 => SHA384.HashData(data, digest),
        JwsAlgorithm.RS512 => SHA512.HashData(data, digest),
        _ => SHA256.HashData(data, digest),
    };

    public static HashAlgorithmName HashName(this JwsAlgorithm algorithm) => algorithm switch
    {
        JwsAlgorithm.RS384 or JwsAlgorithm.ES384 => HashAlgorithmName.SHA384,
        JwsAlgorithm.RS512 => HashAlgorithmName.SHA512,
        _ => HashAlgorithmName.SHA256,
    };
}
