using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace MeshGrains.Testing;

/// <summary>
/// A test cluster's token issuer: makes keys, publishes them as a JWK set, and signs projected service-account tokens as the API server
/// does, or broken in one of the ways that <see cref="KubernetesTokenOptions"/> offers.
/// </summary>
public sealed class KubernetesTokens : IDisposable
{
    public const string DefaultIssuer = "https://kubernetes.default.svc";
    public const string DefaultAudience = "istio-ca";

    // Making an RSA key takes half a second on a busy machine: keys that an issuer is done with serve the next one.
    private static readonly ConcurrentBag<RSA> Idle = [];

    private readonly TimeProvider _time;
    private readonly List<(string KeyId, string Algorithm, AsymmetricAlgorithm Key)> _keys = [];

    /// <param name="algorithm">RS256, RS384, RS512, PS256, ES256 or ES384.</param>
    /// <param name="issuer">The <c>iss</c> of its tokens.</param>
    /// <param name="time">The clock of <c>iat</c> and <c>exp</c>; the system's unless given.</param>
    public KubernetesTokens(string algorithm = "RS256", string issuer = DefaultIssuer, TimeProvider? time = null)
    {
        Issuer = issuer;
        _time = time ?? TimeProvider.System;
        AddKey(algorithm);
    }

    public string Issuer { get; }

    /// <summary>The newest key, which signs.</summary>
    public string KeyId => _keys[^1].KeyId;

    /// <summary>Makes a further key and signs with it from now on, as a rotation does; returns its <c>kid</c>.</summary>
    public string AddKey(string algorithm = "RS256", int rsaBits = 2048)
    {
        AsymmetricAlgorithm key = algorithm switch
        {
            "ES256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
            "ES384" => ECDsa.Create(ECCurve.NamedCurves.nistP384),
            _ => rsaBits == 2048 && Idle.TryTake(out var idle) ? idle : RSA.Create(rsaBits),
        };
        var keyId = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        _keys.Add((keyId, algorithm, key));
        return keyId;
    }

    /// <summary>Forgets the oldest key, as the end of a rotation does.</summary>
    public void RetireOldestKey()
    {
        Release(_keys[0].Key);
        _keys.RemoveAt(0);
    }

    /// <summary>The public keys as a JWK set, in the form of the API server's <c>/openid/v1/jwks</c>.</summary>
    public string Jwks()
        => new JsonObject { ["keys"] = new JsonArray([.. _keys.Select(key => Jwk(key.KeyId, key.Algorithm, key.Key))]) }.ToJsonString();

    /// <summary>Writes the JWK set to a file in one step and returns its path.</summary>
    public string WriteJwks(string path)
    {
        File.WriteAllText(path + ".new", Jwks());
        File.Move(path + ".new", path, overwrite: true);
        return path;
    }

    /// <summary>The document at <c>/.well-known/openid-configuration</c>.</summary>
    public string Discovery(string jwksUri)
        => new JsonObject
        {
            ["issuer"] = Issuer,
            ["jwks_uri"] = jwksUri,
            ["response_types_supported"] = new JsonArray("id_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
        }.ToJsonString();

    /// <summary>Signs a token for <c>ns/account</c>.</summary>
    public string Create(string ns = "shop", string account = "cart", KubernetesTokenOptions? options = null)
    {
        options ??= new KubernetesTokenOptions();
        var (keyId, algorithm, key) = _keys[^1];
        if (options.SigningKeyId is { } wanted)
        {
            (keyId, algorithm, key) = _keys.Single(candidate => candidate.KeyId == wanted);
        }

        var header = new JsonObject { ["alg"] = options.Algorithm ?? algorithm, ["kid"] = options.KeyId ?? keyId };
        options.EditHeader?.Invoke(header);
        var payload = Claims(ns, account, options);
        options.EditClaims?.Invoke(payload);
        return Sign(options.RawHeader ?? header.ToJsonString(), options.RawClaims ?? payload.ToJsonString(), algorithm, key);
    }

    /// <summary>Tokens for the accounts <c>account-0</c>, <c>account-1</c> and so on of one namespace, each its own caller.</summary>
    public IReadOnlyList<string> CreateMany(int count, string ns = "load")
        => [.. Enumerable.Range(0, count).Select(i => Create(ns, $"account-{i}"))];

    public void Dispose()
    {
        _keys.ForEach(key => Release(key.Key));
        _keys.Clear();
    }

    /// <summary>A token over any header and claims, signed by <paramref name="key"/>.</summary>
    public static string Sign(string header, string claims, string algorithm, AsymmetricAlgorithm key)
    {
        var signed = Encode(header) + "." + Encode(claims);
        return signed + "." + Base64Url.EncodeToString(Signature(Encoding.ASCII.GetBytes(signed), algorithm, key));
    }

    /// <summary>Signs any header and payload bytes with the newest key.</summary>
    public string SignBytes(byte[] header, byte[] payload)
    {
        var (_, algorithm, key) = _keys[^1];
        var signed = Base64Url.EncodeToString(header) + "." + Base64Url.EncodeToString(payload);
        return signed + "." + Base64Url.EncodeToString(Signature(Encoding.ASCII.GetBytes(signed), algorithm, key));
    }

    private static void Release(AsymmetricAlgorithm key)
    {
        if (key is RSA { KeySize: 2048 } rsa)
        {
            Idle.Add(rsa);
        }
        else
        {
            key.Dispose();
        }
    }

    private JsonObject Claims(string ns, string account, KubernetesTokenOptions options)
    {
        var now = (options.Now ?? _time.GetUtcNow()).ToUnixTimeSeconds();
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes($"{ns}/{account}/{options.Pod}"));
        return new JsonObject
        {
            ["aud"] = new JsonArray([.. options.Audiences.Select(audience => JsonValue.Create(audience))]),
            ["exp"] = now + (long)options.Lifetime.TotalSeconds,
            ["iat"] = now,
            ["iss"] = options.Issuer ?? Issuer,
            ["jti"] = new Guid(seed.AsSpan(0, 16)).ToString(),
            ["kubernetes.io"] = new JsonObject
            {
                ["namespace"] = ns,
                ["node"] = new JsonObject { ["name"] = options.Node, ["uid"] = new Guid(seed.AsSpan(4, 16)).ToString() },
                ["pod"] = new JsonObject { ["name"] = options.Pod ?? $"{account}-0", ["uid"] = options.PodUid ?? new Guid(seed.AsSpan(8, 16)).ToString() },
                ["serviceaccount"] = new JsonObject { ["name"] = account, ["uid"] = new Guid(seed.AsSpan(12, 16)).ToString() },
            },
            ["nbf"] = now,
            ["sub"] = $"system:serviceaccount:{ns}:{account}",
        };
    }

    private static JsonObject Jwk(string keyId, string algorithm, AsymmetricAlgorithm key)
    {
        var jwk = new JsonObject { ["use"] = "sig", ["kid"] = keyId, ["alg"] = algorithm };
        if (key is RSA rsa)
        {
            var parameters = rsa.ExportParameters(false);
            jwk["kty"] = "RSA";
            jwk["n"] = Base64Url.EncodeToString(parameters.Modulus);
            jwk["e"] = Base64Url.EncodeToString(parameters.Exponent);
        }
        else
        {
            var parameters = ((ECDsa)key).ExportParameters(false);
            jwk["kty"] = "EC";
            jwk["crv"] = algorithm == "ES384" ? "P-384" : "P-256";
            jwk["x"] = Base64Url.EncodeToString(parameters.Q.X);
            jwk["y"] = Base64Url.EncodeToString(parameters.Q.Y);
        }

        return jwk;
    }

    private static byte[] Signature(byte[] signed, string algorithm, AsymmetricAlgorithm key)
    {
        var hash = algorithm[2..] switch
        {
            "384" => HashAlgorithmName.SHA384,
            "512" => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        };
        return key is RSA rsa
            ? rsa.SignData(signed, hash, algorithm.StartsWith('P') ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1)
            : ((ECDsa)key).SignData(signed, hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
