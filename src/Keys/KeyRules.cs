using System.Security.Cryptography;

namespace MeshGrains.Keys;

/// <summary>What every key manager checks alike before it does anything.</summary>
internal static class KeyRules
{
    public const int MaxWrapBytes = 64;
    private const int MaxNameLength = 127;

    public static bool IsEcdsa(this KeyAlgorithm algorithm) => algorithm is KeyAlgorithm.EcdsaP256 or KeyAlgorithm.EcdsaP384;

    public static HashAlgorithmName Hash(this KeyAlgorithm algorithm) =>
        algorithm == KeyAlgorithm.EcdsaP384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;

    public static int DigestBytes(this KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.EcdsaP384 ? 48 : 32;

    /// <summary>Bytes of a coordinate, and of each half of a raw signature.</summary>
    public static int FieldBytes(this KeyAlgorithm algorithm) => algorithm == KeyAlgorithm.EcdsaP384 ? 48 : 32;

    public static ECCurve Curve(this KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.EcdsaP256 => ECCurve.NamedCurves.nistP256,
        KeyAlgorithm.EcdsaP384 => ECCurve.NamedCurves.nistP384,
        _ => throw Invalid($"{algorithm} is no elliptic-curve algorithm."),
    };

    public static int RsaBits(this KeyAlgorithm algorithm) => algorithm switch
    {
        KeyAlgorithm.Rsa2048 => 2048,
        KeyAlgorithm.Rsa3072 => 3072,
        KeyAlgorithm.Rsa4096 => 4096,
        _ => throw Invalid($"{algorithm} is no RSA algorithm."),
    };

    public static bool IsName(string? name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > MaxNameLength)
        {
            return false;
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return false;
            }
        }

        return true;
    }

    public static void RequireName(string name)
    {
        if (!IsName(name))
        {
            throw Invalid("A key name has 1 to 127 letters, digits and hyphens.");
        }
    }

    public static void RequireKind(KeyAlgorithm algorithm, KeyPurpose purpose)
    {
        if (!Enum.IsDefined(algorithm) || !Enum.IsDefined(purpose))
        {
            throw Invalid("The key algorithm or purpose is unknown.");
        }

        if (purpose == KeyPurpose.Wrap && algorithm.IsEcdsa())
        {
            throw Invalid($"{algorithm} cannot wrap: elliptic-curve keys sign only. Ask for an RSA key to wrap with.");
        }
    }

    public static void RequireDigest(KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest)
    {
        if (!Enum.IsDefined(algorithm))
        {
            throw Invalid("The key algorithm is unknown.");
        }

        if (digest.Length != algorithm.DigestBytes())
        {
            throw Invalid($"{algorithm} signs a digest of {algorithm.DigestBytes()} bytes, not of {digest.Length}.");
        }
    }

    public static void RequireWrappable(ReadOnlyMemory<byte> plaintext)
    {
        if (plaintext.Length is < 1 or > MaxWrapBytes)
        {
            throw Invalid($"A data key to wrap has 1 to {MaxWrapBytes} bytes, not {plaintext.Length}.");
        }
    }

    public static void RequireUse(ManagedKey key, KeyPurpose purpose)
    {
        if (key.Purpose != purpose)
        {
            throw Invalid($"Key {key.Reference} was made to {key.Purpose.ToString().ToLowerInvariant()}, not to {purpose.ToString().ToLowerInvariant()}.");
        }
    }

    public static void RequireAlgorithm(ManagedKey key, KeyAlgorithm algorithm)
    {
        if (key.Algorithm != algorithm)
        {
            throw Invalid($"Key {key.Reference} is {key.Algorithm}, not {algorithm}.");
        }
    }

    public static KeyManagerException Invalid(string message, Exception? inner = null) => new(KeyManagerError.Invalid, message, inner);
}
