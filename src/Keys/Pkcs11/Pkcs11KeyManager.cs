using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>
/// Keys in a PKCS#11 token: made there, never extractable, named by CKA_LABEL and pinned by CKA_ID. Wrapping encrypts here under the public
/// key with RSA-OAEP, SHA-256 where the token decrypts it and else SHA-1 (all that SoftHSM has); the first byte tells which.
/// </summary>
internal sealed class Pkcs11KeyManager : IKeyManager
{
    private const int IdBytes = 16;
    private const int MaxVersions = 10_000;
    private const int MaxKnownKeys = 256;
    private const byte OaepSha256 = 1;
    private const byte OaepSha1 = 2;

    private static readonly byte[] IdPrefix = "MG1"u8.ToArray();

    // RFC 8017 9.2, note 1: DigestInfo of SHA-256 up to the digest.
    private static readonly byte[] Sha256DigestInfo = Convert.FromHexString("3031300d060960864801650304020105000420");

    private readonly ConcurrentDictionary<string, ManagedKey> _known = new(StringComparer.Ordinal);
    private readonly Pkcs11Location _location;
    private readonly Pkcs11Sessions _sessions;
    private readonly TimeProvider _time;
    private byte _oaep;

    private Pkcs11KeyManager(Pkcs11Location location, Pkcs11Sessions sessions, TimeProvider time)
    {
        _location = location;
        _sessions = sessions;
        _time = time;
    }

    public string Scheme => Pkcs11Location.SchemeName;

    public bool IsProductionGrade => true;

    public static Pkcs11KeyManager Open(Pkcs11Location location, KeyManagerOptions options, TimeProvider time)
    {
        var module = location.ModulePath ?? options.ReadEnvironment("PKCS11_MODULE_PATH");
        if (string.IsNullOrEmpty(module) || !Path.IsPathRooted(module))
        {
            throw KeyRules.Invalid("A pkcs11: URI needs ?module-path=/absolute/path.so, or PKCS11_MODULE_PATH in the environment.");
        }

        if (!File.Exists(module))
        {
            throw new KeyManagerException(KeyManagerError.NotFound, $"There is no PKCS#11 module at {module}.");
        }

        return new Pkcs11KeyManager(location, new Pkcs11Sessions(location, module), time);
    }

    public async ValueTask<ManagedKey?> FindAsync(string name, CancellationToken ct)
    {
        KeyRules.RequireName(name);
        var label = _location.LabelPrefix + name;
        return await _sessions.UseAsync($"Looking for the key '{label}'", (module, session) => Newest(module, session, label, name), ct).ConfigureAwait(false)
            is { } found ? Remember(found) : null;
    }

    public async ValueTask<ManagedKey> CreateAsync(string name, KeyAlgorithm algorithm, KeyPurpose purpose, CancellationToken ct)
    {
        KeyRules.RequireName(name);
        KeyRules.RequireKind(algorithm, purpose);
        var label = _location.LabelPrefix + name;
        var id = NewId();
        return Remember(await _sessions.UseAsync(
            $"Making the key '{label}'",
            (module, session) =>
            {
                Generate(module, session, label, id, algorithm, purpose);
                var made = Describe(module, session, label, name, id);
                KeyRules.RequireAlgorithm(made, algorithm);
                KeyRules.RequireUse(made, purpose);
                return made;
            },
            ct).ConfigureAwait(false));
    }

    public async ValueTask<ManagedKey> GetAsync(KeyReference key, CancellationToken ct)
    {
        var (label, name, id) = _location.Parse(key);
        return Remember(await _sessions.UseAsync($"Reading {key}", (module, session) => Describe(module, session, label, name, id), ct).ConfigureAwait(false));
    }

    public async ValueTask<byte[]> SignDigestAsync(KeyReference key, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct)
    {
        KeyRules.RequireDigest(algorithm, digest);
        var (label, _, id) = _location.Parse(key);
        var pinned = await PinnedAsync(key, ct).ConfigureAwait(false);
        KeyRules.RequireUse(pinned, KeyPurpose.Sign);
        KeyRules.RequireAlgorithm(pinned, algorithm);
        var ec = algorithm.IsEcdsa();
        byte[] data = ec ? digest.ToArray() : [.. Sha256DigestInfo, .. digest.Span];
        var raw = await _sessions.UseAsync(
            $"Signing with {key}",
            (module, session) => module.Sign(session, PrivateKey(module, session, label, id), ec ? CKM.ECDSA : CKM.RSA_PKCS, data),
            ct).ConfigureAwait(false);
        var signature = ec ? EcdsaSignature.ToDer(raw, algorithm) : raw;
        PublicKeyCheck.RequireSignature(pinned, digest.Span, signature);
        return signature;
    }

    public async ValueTask<byte[]> WrapAsync(KeyReference key, ReadOnlyMemory<byte> plaintext, CancellationToken ct)
    {
        KeyRules.RequireWrappable(plaintext);
        var pinned = await PinnedAsync(key, ct).ConfigureAwait(false);
        KeyRules.RequireUse(pinned, KeyPurpose.Wrap);
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(pinned.SubjectPublicKeyInfo.Span, out _);
        if (_oaep == 0)
        {
            _oaep = await DecryptsSha256Async(key, rsa, ct).ConfigureAwait(false) ? OaepSha256 : OaepSha1;
        }

        return [_oaep, .. rsa.Encrypt(plaintext.Span, _oaep == OaepSha256 ? RSAEncryptionPadding.OaepSHA256 : RSAEncryptionPadding.OaepSHA1)];
    }

    public async ValueTask<byte[]> UnwrapAsync(KeyReference key, ReadOnlyMemory<byte> wrapped, CancellationToken ct)
    {
        var pinned = await PinnedAsync(key, ct).ConfigureAwait(false);
        KeyRules.RequireUse(pinned, KeyPurpose.Wrap);
        if (wrapped.Length != 1 + (pinned.Algorithm.RsaBits() / 8) || wrapped.Span[0] is not (OaepSha256 or OaepSha1))
        {
            throw NotOurs(key);
        }

        var plaintext = await DecryptAsync(key, wrapped.Span[0] == OaepSha256, wrapped[1..], ct).ConfigureAwait(false) ?? throw NotOurs(key);
        return plaintext.Length is >= 1 and <= KeyRules.MaxWrapBytes ? plaintext : throw NotOurs(key);
    }

    public ValueTask DisposeAsync() => _sessions.DisposeAsync();

    private static KeyManagerException NotOurs(KeyReference key) => KeyRules.Invalid($"The wrapped data key was not made by {key.Value}, or was altered.");

    /// <summary>Marks the key as ours and orders the versions of a name by the time of their making; tokens keep no usable one.</summary>
    private byte[] NewId()
    {
        var id = RandomNumberGenerator.GetBytes(IdBytes);
        IdPrefix.CopyTo(id, 0);
        BinaryPrimitives.WriteInt64BigEndian(id.AsSpan(IdPrefix.Length), _time.GetUtcNow().ToUnixTimeMilliseconds());
        return id;
    }

    private static void Generate(Pkcs11Module module, ulong session, string label, byte[] id, KeyAlgorithm algorithm, KeyPurpose purpose)
    {
        var sign = purpose == KeyPurpose.Sign;
        var publicKey = new Pkcs11Template()
            .Add(CKA.TOKEN, true).Add(CKA.PRIVATE, false).Add(CKA.LABEL, label).Add(CKA.ID, id)
            .Add(CKA.VERIFY, sign).Add(CKA.ENCRYPT, !sign).Add(CKA.WRAP, false);
        if (algorithm.IsEcdsa())
        {
            publicKey.Add(CKA.EC_PARAMS, Pkcs11PublicKey.CurveParameters(algorithm));
        }
        else
        {
            publicKey.Add(CKA.MODULUS_BITS, (ulong)algorithm.RsaBits()).Add(CKA.PUBLIC_EXPONENT, [1, 0, 1]);
        }

        var privateKey = new Pkcs11Template()
            .Add(CKA.TOKEN, true).Add(CKA.PRIVATE, true).Add(CKA.LABEL, label).Add(CKA.ID, id)
            .Add(CKA.SENSITIVE, true).Add(CKA.EXTRACTABLE, false)
            .Add(CKA.SIGN, sign).Add(CKA.DECRYPT, !sign).Add(CKA.UNWRAP, false);
        module.GenerateKeyPair(session, algorithm.IsEcdsa() ? CKM.EC_KEY_PAIR_GEN : CKM.RSA_PKCS_KEY_PAIR_GEN, publicKey, privateKey);
    }

    private ManagedKey? Newest(Pkcs11Module module, ulong session, string label, string name)
    {
        var template = new Pkcs11Template().Add(CKA.CLASS, CKO.PRIVATE_KEY).Add(CKA.TOKEN, true).Add(CKA.LABEL, label);
        var newest = module.FindObjects(session, template, MaxVersions)
            .Select(handle => module.GetAttribute(session, handle, CKA.ID))
            .Where(id => id is { Length: IdBytes } && id.AsSpan().StartsWith(IdPrefix))
            .MaxBy(id => Convert.ToHexString(id!));
        return newest is null ? null : Describe(module, session, label, name, newest);
    }

    private ManagedKey Describe(Pkcs11Module module, ulong session, string label, string name, byte[] id)
    {
        var reference = _location.ReferenceTo(label, id);
        var secret = PrivateKey(module, session, label, id);
        if (Flag(module, session, secret, CKA.EXTRACTABLE) != false)
        {
            throw KeyRules.Invalid($"{reference} may leave its token (CKA_EXTRACTABLE), or does not say that it may not. It is not used.");
        }

        var sign = Flag(module, session, secret, CKA.SIGN) == true;
        var decrypt = Flag(module, session, secret, CKA.DECRYPT) == true;
        if (sign == decrypt)
        {
            throw KeyRules.Invalid($"{reference} has to allow either signing or decryption (CKA_SIGN, CKA_DECRYPT), not both and not neither.");
        }

        var (algorithm, publicKey) = Pkcs11PublicKey.Read(module, session, Single(module, session, CKO.PUBLIC_KEY, label, id));
        return new ManagedKey(reference, algorithm, sign ? KeyPurpose.Sign : KeyPurpose.Wrap, publicKey, name);
    }

    private ulong PrivateKey(Pkcs11Module module, ulong session, string label, byte[] id) => Single(module, session, CKO.PRIVATE_KEY, label, id);

    private ulong Single(Pkcs11Module module, ulong session, ulong kind, string label, byte[] id)
    {
        var template = new Pkcs11Template().Add(CKA.CLASS, kind).Add(CKA.TOKEN, true).Add(CKA.LABEL, label).Add(CKA.ID, id);
        return module.FindObjects(session, template, 2) switch
        {
            [var handle] => handle,
            [] => throw new KeyManagerException(KeyManagerError.NotFound, $"The token '{_location.Token}' has no such key: {_location.ReferenceTo(label, id)}."),
            _ => throw KeyRules.Invalid($"The token '{_location.Token}' has more than one key with the label '{label}' and this id."),
        };
    }

    private static bool? Flag(Pkcs11Module module, ulong session, ulong handle, ulong attribute) =>
        module.GetAttribute(session, handle, attribute) is [var value] ? value != 0 : null;

    private async ValueTask<bool> DecryptsSha256Async(KeyReference key, RSA rsa, CancellationToken ct)
    {
        var probe = RandomNumberGenerator.GetBytes(32);
        var answer = await DecryptAsync(key, true, rsa.Encrypt(probe, RSAEncryptionPadding.OaepSHA256), ct).ConfigureAwait(false);
        return answer is not null && answer.AsSpan().SequenceEqual(probe);
    }

    /// <summary>Null when the token lacks the mechanism or the ciphertext is not the key's.</summary>
    private ValueTask<byte[]?> DecryptAsync(KeyReference key, bool sha256, ReadOnlyMemory<byte> ciphertext, CancellationToken ct)
    {
        var (label, _, id) = _location.Parse(key);
        return _sessions.UseAsync<byte[]?>(
            $"Unwrapping with {key}",
            (module, session) =>
            {
                var handle = PrivateKey(module, session, label, id);
                try
                {
                    return module.DecryptOaep(session, handle, sha256, ciphertext.Span);
                }
                catch (Pkcs11Exception e) when (e.IsBadCiphertext || e.IsUnsupported)
                {
                    return null;
                }
            },
            ct);
    }

    private async ValueTask<ManagedKey> PinnedAsync(KeyReference key, CancellationToken ct) =>
        _known.TryGetValue(key.Value, out var known) ? known : await GetAsync(key, ct).ConfigureAwait(false);

    /// <summary>A version's public key never changes; a token that says otherwise is not believed.</summary>
    private ManagedKey Remember(ManagedKey key)
    {
        if (_known.Count >= MaxKnownKeys)
        {
            _known.Clear();
        }

        var known = _known.GetOrAdd(key.Reference.Value, key);
        return known.SubjectPublicKeyInfo.Span.SequenceEqual(key.SubjectPublicKeyInfo.Span)
            ? key
            : throw KeyRules.Invalid($"The token now shows another public key for {key.Reference}. It is not used.");
    }
}
