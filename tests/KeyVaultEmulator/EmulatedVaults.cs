using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace MeshGrains.KeyVaultEmulator;

/// <summary>The keys of all emulated vaults, and what may be done with them.</summary>
internal sealed partial class EmulatedVaults(KeyVaultEmulatorOptions options, EmulatorState state, EmulatorFaults faults)
{
    private static readonly string[] KnownOperations = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"];

    private readonly Lock _gate = new();

    public StoredKey Create(string vault, string name, CreateRequest request)
    {
        RequireName(name);
        if (request.KeyType is not ("EC" or "EC-HSM" or "RSA" or "RSA-HSM"))
        {
            throw Bad("kty has to be EC, EC-HSM, RSA or RSA-HSM.");
        }

        var ec = request.KeyType.StartsWith("EC", StringComparison.Ordinal);
        var operations = request.Operations ?? (ec ? ["sign", "verify"] : [.. KnownOperations]);
        if (operations.Except(KnownOperations).Any() || (ec && operations.Except(["sign", "verify"]).Any()))
        {
            throw Bad("key_ops holds an operation that this kind of key does not have.");
        }

        byte[] privateKey;
        string? curve = null;
        if (ec)
        {
            curve = request.Curve ?? "P-256";
            using var key = ECDsa.Create(curve switch
            {
                "P-256" => ECCurve.NamedCurves.nistP256,
                "P-384" => ECCurve.NamedCurves.nistP384,
                _ => throw Bad("crv is not supported."),
            });
            privateKey = key.ExportPkcs8PrivateKey();
        }
        else
        {
            var bits = request.KeySize ?? 2048;
            if (request.Curve is not null || bits is not (2048 or 3072 or 4096))
            {
                throw Bad("key_size has to be 2048, 3072 or 4096.");
            }

            using var key = RSA.Create(bits);
            privateKey = key.ExportPkcs8PrivateKey();
        }

        lock (_gate)
        {
            var stored = new StoredKey
            {
                Vault = vault,
                Name = name,
                Version = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
                KeyType = request.KeyType,
                Curve = curve,
                Operations = [.. operations],
                Tags = request.Tags ?? [],
                Enabled = request.Attributes?.Enabled ?? true,
                Created = options.Time.GetUtcNow().ToUnixTimeSeconds(),
                Sequence = state.Keys.Count,
                PrivateKey = privateKey,
            };
            state.Keys.Add(stored);
            state.Save(options.DataFile);
            return stored;
        }
    }

    public StoredKey Find(string vault, string name, string? version)
    {
        lock (_gate)
        {
            var found = state.Keys
                .Where(k => k.Vault == vault && string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase))
                .Where(k => string.IsNullOrEmpty(version) || k.Version == version)
                .OrderByDescending(k => k.Sequence)
                .FirstOrDefault();
            return found ?? throw new VaultRefusal(
                404, "KeyNotFound", $"A key with (name/id) {name}/{version} was not found in this key vault.");
        }
    }

    /// <summary>In no particular order, as the service promises none.</summary>
    public IReadOnlyList<StoredKey> Versions(string vault, string name)
    {
        lock (_gate)
        {
            return [.. state.Keys.Where(k => k.Vault == vault && string.Equals(k.Name, name, StringComparison.OrdinalIgnoreCase)).OrderBy(k => k.Version, StringComparer.Ordinal)];
        }
    }

    public StoredKey Update(string vault, string name, string? version, bool? enabled)
    {
        lock (_gate)
        {
            var key = Find(vault, name, version);
            key.Enabled = enabled ?? key.Enabled;
            state.Save(options.DataFile);
            return key;
        }
    }

    public object Operate(StoredKey key, string operation, OperationRequest request, Func<string, string> keyIdOf)
    {
        var permission = operation switch { "wrapkey" => "wrapKey", "unwrapkey" => "unwrapKey", _ => operation };
        if (!key.Enabled)
        {
            throw new VaultRefusal(403, "Forbidden", "Operation is not allowed on a disabled key.", "KeyDisabled");
        }

        var ec = key.Curve is not null;
        if (ec && permission is not ("sign" or "verify"))
        {
            throw Bad("Key and signing algorithm are incompatible: an EC key cannot wrap.");
        }

        if (!key.Operations.Contains(permission))
        {
            throw new VaultRefusal(403, "Forbidden", $"Operation {permission} is not permitted on this key.", "KeyOperationForbidden");
        }

        var value = Decode(request.Value, "value");
        var keyId = keyIdOf(faults.AnswerWithWrongVersion ? new string('0', 32) : key.Version);
        return operation switch
        {
            "sign" => new { kid = keyId, value = Base64Url.EncodeToString(Sign(key, request.Algorithm, value)) },
            "verify" => new { value = Verify(key, request.Algorithm, Decode(request.Digest, "digest"), value) },
            "wrapkey" => new { kid = keyId, value = Base64Url.EncodeToString(Rsa(key, r => r.Encrypt(value, Padding(request.Algorithm)))) },
            "unwrapkey" => new { kid = keyId, value = Base64Url.EncodeToString(Rsa(key, r => r.Decrypt(value, Padding(request.Algorithm)))) },
            _ => throw Bad("Unknown operation."),
        };
    }

    public static int RsaBits(StoredKey key)
    {
        using var rsa = RSA.Create();
        if (key.Curve is not null)
        {
            return 0;
        }

        rsa.ImportPkcs8PrivateKey(key.PrivateKey, out _);
        return rsa.KeySize;
    }

    public static object PublicKey(StoredKey key, string keyId)
    {
        if (key.Curve is not null)
        {
            using var ec = ECDsa.Create();
            ec.ImportPkcs8PrivateKey(key.PrivateKey, out _);
            var point = ec.ExportParameters(false).Q;
            return new { kid = keyId, kty = key.KeyType, key_ops = key.Operations, crv = key.Curve, x = Base64Url.EncodeToString(point.X), y = Base64Url.EncodeToString(point.Y) };
        }

        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(key.PrivateKey, out _);
        var parameters = rsa.ExportParameters(false);
        return new { kid = keyId, kty = key.KeyType, key_ops = key.Operations, n = Base64Url.EncodeToString(parameters.Modulus), e = Base64Url.EncodeToString(parameters.Exponent) };
    }

    public static void RequireName(string name)
    {
        if (!NamePattern().IsMatch(name))
        {
            throw Bad("The request URI contains an invalid name: " + name);
        }
    }

    public static VaultRefusal Bad(string message) => new(400, "BadParameter", message);

    [GeneratedRegex("^[0-9a-zA-Z-]{1,127}$")]
    private static partial Regex NamePattern();

    private byte[] Sign(StoredKey key, string? algorithm, byte[] digest)
    {
        var hash = HashOf(key, algorithm, digest);
        if (key.Curve is not null)
        {
            using var ec = ECDsa.Create();
            ec.ImportPkcs8PrivateKey(key.PrivateKey, out _);
            if (faults.SignWithWrongKey)
            {
                ec.GenerateKey(ec.ExportParameters(false).Curve);
            }

            return ec.SignHash(digest, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        using var rsa = RSA.Create(2048);
        if (!faults.SignWithWrongKey)
        {
            rsa.ImportPkcs8PrivateKey(key.PrivateKey, out _);
        }

        return rsa.SignHash(digest, hash, SignaturePadding(algorithm));
    }

    private static bool Verify(StoredKey key, string? algorithm, byte[] digest, byte[] signature)
    {
        var hash = HashOf(key, algorithm, digest);
        if (key.Curve is not null)
        {
            using var ec = ECDsa.Create();
            ec.ImportPkcs8PrivateKey(key.PrivateKey, out _);
            return ec.VerifyHash(digest, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }

        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(key.PrivateKey, out _);
        return rsa.VerifyHash(digest, signature, hash, SignaturePadding(algorithm));
    }

    private static HashAlgorithmName HashOf(StoredKey key, string? algorithm, byte[] digest)
    {
        var (hash, bytes, fits) = algorithm switch
        {
            "ES256" => (HashAlgorithmName.SHA256, 32, key.Curve == "P-256"),
            "ES384" => (HashAlgorithmName.SHA384, 48, key.Curve == "P-384"),
            "RS256" or "PS256" => (HashAlgorithmName.SHA256, 32, key.Curve is null),
            "RS384" or "PS384" => (HashAlgorithmName.SHA384, 48, key.Curve is null),
            "RS512" or "PS512" => (HashAlgorithmName.SHA512, 64, key.Curve is null),
            _ => throw Bad("alg is not supported."),
        };
        return !fits ? throw Bad("Key and signing algorithm are incompatible.")
            : digest.Length != bytes ? throw Bad($"Invalid length of 'value': {digest.Length} bytes. {algorithm} requires {bytes} bytes, encoded with base64url.")
            : hash;
    }

    private static RSASignaturePadding SignaturePadding(string? algorithm) =>
        algorithm!.StartsWith("PS", StringComparison.Ordinal) ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;

    private static RSAEncryptionPadding Padding(string? algorithm) => algorithm switch
    {
        "RSA-OAEP" => RSAEncryptionPadding.OaepSHA1,
        "RSA-OAEP-256" => RSAEncryptionPadding.OaepSHA256,
        _ => throw Bad("alg is not supported."),
    };

    private static byte[] Rsa(StoredKey key, Func<RSA, byte[]> use)
    {
        using var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(key.PrivateKey, out _);
        try
        {
            return use(rsa);
        }
        catch (CryptographicException)
        {
            throw Bad("The parameter is incorrect.");
        }
    }

    private static byte[] Decode(string? text, string what)
    {
        if (text is null || text.Contains('=', StringComparison.Ordinal))
        {
            throw Bad($"{what} has to be base64url without padding.");
        }

        try
        {
            return Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            throw Bad($"{what} has to be base64url without padding.");
        }
    }
}
