using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Keys.Azure;

/// <summary>
/// Keys in Azure Key Vault or a Managed HSM. Every use names a pinned version; every reply has to come from that version, and every
/// signature has to verify under its public key.
/// </summary>
internal sealed class AzureKeyManager : IKeyManager
{
    internal const string PurposeTag = "meshgrains-purpose";
    internal const string MadeTag = "meshgrains-made-unix-ms";
    private const int MaxPages = 400;
    private const int MaxKnownKeys = 256;

    private readonly ConcurrentDictionary<string, ManagedKey> _known = new(StringComparer.Ordinal);
    private readonly VaultLocation _location;
    private readonly IVaultKeyClient _client;
    private readonly VaultCalls _calls;
    private readonly TimeProvider _time;

    internal AzureKeyManager(VaultLocation location, IVaultKeyClient client, VaultCalls calls, TimeProvider time)
    {
        _location = location;
        _client = client;
        _calls = calls;
        _time = time;
    }

    public string Scheme => VaultLocation.SchemeName;

    public bool IsProductionGrade => true;

    public static AzureKeyManager Open(VaultLocation location, KeyManagerOptions options, TimeProvider time, ILogger<AzureKeyManager> logger)
    {
        var transport = VaultTransport.Create(location, options);
        try
        {
            // Made here once, so that a missing setting is told at start.
            _ = VaultCredentials.Create(location, options, transport);
            var tokens = new VaultTokens(() => VaultCredentials.Create(location, options, transport), time, options.Remote.AttemptTimeout);
            var client = new RestVaultKeyClient(location, transport, tokens, time);
            return new AzureKeyManager(location, client, new VaultCalls(options, time, logger), time);
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }

    public async ValueTask<ManagedKey?> FindAsync(string name, CancellationToken ct)
    {
        KeyRules.RequireName(name);
        VaultKeyVersion? newest = null;
        long newestMade = 0;
        string? continuation = null;
        for (var page = 0; page == 0 || continuation is not null; page++)
        {
            if (page == MaxPages)
            {
                throw KeyRules.Invalid($"The key '{name}' has too many versions in {_location.Vault.Host}.");
            }

            var from = continuation;
            var versions = await _calls.RunAsync(
                "list", $"Listing the versions of the key '{name}' in {_location.Vault.Host}", true, token => _client.ListVersionsAsync(name, from, token), ct)
                .ConfigureAwait(false);
            continuation = versions.Continuation;
            foreach (var version in versions.Versions)
            {
                if (Made(version) is { } made && (newest is null || (made, version.Id).CompareTo((newestMade, newest.Id)) > 0))
                {
                    newest = version;
                    newestMade = made;
                }
            }
        }

        if (newest is null)
        {
            return null;
        }

        var (listed, pinned) = _location.ParseKeyId(newest.Id) ?? throw WrongKey(name);
        if (!string.Equals(listed, name, StringComparison.OrdinalIgnoreCase))
        {
            throw WrongKey(name);
        }

        return newest.Enabled
            ? await GetAsync(name, pinned, ct).ConfigureAwait(false)
            : throw new KeyManagerException(
                KeyManagerError.Disabled, $"The newest version of the key '{name}' in {_location.Vault.Host} is disabled. Enable it, or name another key.");
    }

    public async ValueTask<ManagedKey> CreateAsync(string name, KeyAlgorithm algorithm, KeyPurpose purpose, CancellationToken ct)
    {
        KeyRules.RequireName(name);
        KeyRules.RequireKind(algorithm, purpose);
        var tags = new Dictionary<string, string>
        {
            [PurposeTag] = purpose == KeyPurpose.Sign ? "sign" : "wrap",
            [MadeTag] = _time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
        };
        var specification = new VaultKeySpecification(algorithm, purpose, _location.Hsm, tags);
        var made = await _calls.RunAsync(
            "create", $"Making the key '{name}' in {_location.Vault.Host}", false, token => _client.CreateKeyAsync(name, specification, token), ct)
            .ConfigureAwait(false);
        var key = Describe(name, null, made);
        KeyRules.RequireAlgorithm(key, algorithm);
        KeyRules.RequireUse(key, purpose);
        return Remember(key);
    }

    public async ValueTask<ManagedKey> GetAsync(KeyReference key, CancellationToken ct)
    {
        var (name, version) = _location.Parse(key);
        return await GetAsync(name, version, ct).ConfigureAwait(false);
    }

    public async ValueTask<byte[]> SignDigestAsync(KeyReference key, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct)
    {
        KeyRules.RequireDigest(algorithm, digest);
        var pinned = await PinnedAsync(key, ct).ConfigureAwait(false);
        KeyRules.RequireUse(pinned.Key, KeyPurpose.Sign);
        KeyRules.RequireAlgorithm(pinned.Key, algorithm);
        var raw = await OperateAsync("sign", "Signing", pinned, token => _client.SignAsync(pinned.Name, pinned.Version, algorithm, digest, token), ct)
            .ConfigureAwait(false);
        var signature = algorithm.IsEcdsa() ? EcdsaSignature.ToDer(raw, algorithm) : raw;
        PublicKeyCheck.RequireSignature(pinned.Key, digest.Span, signature);
        return signature;
    }

    public async ValueTask<byte[]> WrapAsync(KeyReference key, ReadOnlyMemory<byte> plaintext, CancellationToken ct)
    {
        KeyRules.RequireWrappable(plaintext);
        var pinned = await PinnedAsync(key, ct).ConfigureAwait(false);
        KeyRules.RequireUse(pinned.Key, KeyPurpose.Wrap);
        var wrapped = await OperateAsync("wrap", "Wrapping", pinned, token => _client.WrapAsync(pinned.Name, pinned.Version, plaintext, token), ct)
            .ConfigureAwait(false);
        return wrapped.Length == pinned.Key.Algorithm.RsaBits() / 8 ? wrapped : throw WrongKey(pinned.Name);
    }

    public async ValueTask<byte[]> UnwrapAsync(KeyReference key, ReadOnlyMemory<byte> wrapped, CancellationToken ct)
    {
        var pinned = await PinnedAsync(key, ct).ConfigureAwait(false);
        KeyRules.RequireUse(pinned.Key, KeyPurpose.Wrap);
        if (wrapped.Length != pinned.Key.Algorithm.RsaBits() / 8)
        {
            throw KeyRules.Invalid($"The wrapped data key was not made by {key.Value}: it has {wrapped.Length} bytes.");
        }

        var plaintext = await OperateAsync("unwrap", "Unwrapping", pinned, token => _client.UnwrapAsync(pinned.Name, pinned.Version, wrapped, token), ct)
            .ConfigureAwait(false);
        if (plaintext.Length is < 1 or > KeyRules.MaxWrapBytes)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            throw KeyRules.Invalid($"What {key.Value} unwrapped is no data key.");
        }

        return plaintext;
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static long? Made(VaultKeyVersion version)
    {
        if (!version.Tags.ContainsKey(PurposeTag))
        {
            return null;
        }

        return version.Tags.TryGetValue(MadeTag, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var made)
            ? made
            : version.CreatedUnixSeconds * 1000;
    }

    private KeyManagerException WrongKey(string name) =>
        KeyRules.Invalid($"{_location.Vault.Host} answered for another key than the pinned version of '{name}'. The reply was discarded.");

    private async Task<byte[]> OperateAsync(
        string operation, string doing, Pinned pinned, Func<CancellationToken, Task<VaultKeyResult>> call, CancellationToken ct)
    {
        var result = await _calls.RunAsync(operation, $"{doing} with {pinned.Key.Reference}", true, call, ct).ConfigureAwait(false);
        return IsPinned(result.Id, pinned.Name, pinned.Version) ? result.Value : throw WrongKey(pinned.Name);
    }

    private bool IsPinned(string keyId, string name, string version) =>
        _location.ParseKeyId(keyId) is var (n, v)
        && string.Equals(n, name, StringComparison.OrdinalIgnoreCase)
        && string.Equals(v, version, StringComparison.OrdinalIgnoreCase);

    private async Task<ManagedKey> GetAsync(string name, string version, CancellationToken ct)
    {
        var found = await _calls.RunAsync(
            "get", $"Reading {_location.ReferenceTo(name, version)}", true, token => _client.GetKeyAsync(name, version, token), ct).ConfigureAwait(false);
        var key = Describe(name, version, found);
        return found.Enabled
            ? Remember(key)
            : throw new KeyManagerException(KeyManagerError.Disabled, $"{key.Reference} is disabled. Enable the key version, or name another key.");
    }

    private async ValueTask<Pinned> PinnedAsync(KeyReference reference, CancellationToken ct)
    {
        var (name, version) = _location.Parse(reference);
        var key = _known.TryGetValue(Index(name, version), out var known) ? known : await GetAsync(name, version, ct).ConfigureAwait(false);
        return new Pinned(key, name, version);
    }

    private ManagedKey Describe(string name, string? version, VaultKey key)
    {
        if (_location.ParseKeyId(key.Id) is not var (n, v)
            || !string.Equals(n, name, StringComparison.OrdinalIgnoreCase)
            || (version is not null && !string.Equals(v, version, StringComparison.OrdinalIgnoreCase)))
        {
            throw WrongKey(name);
        }

        var sign = key.Operations.Contains("sign");
        var wrap = key.Operations.Contains("wrapKey") && key.Operations.Contains("unwrapKey");
        if (sign == wrap)
        {
            throw KeyRules.Invalid(sign
                ? $"The key '{name}' may both sign and wrap. Its key_ops have to allow one of them only."
                : $"The key '{name}' may neither sign nor wrap and unwrap. Mend its key_ops.");
        }

        return new ManagedKey(_location.ReferenceTo(name, v), key.Algorithm, sign ? KeyPurpose.Sign : KeyPurpose.Wrap, key.SubjectPublicKeyInfo, name);
    }

    /// <summary>A version's public key never changes; a vault that says otherwise is not believed.</summary>
    private ManagedKey Remember(ManagedKey key)
    {
        var (name, version) = _location.Parse(key.Reference);
        if (_known.Count >= MaxKnownKeys)
        {
            _known.Clear();
        }

        var known = _known.GetOrAdd(Index(name, version), key);
        return known.SubjectPublicKeyInfo.Span.SequenceEqual(key.SubjectPublicKeyInfo.Span) ? key : throw WrongKey(name);
    }

    private static string Index(string name, string version) => $"{name}/{version}".ToLowerInvariant();

    private sealed record Pinned(ManagedKey Key, string Name, string Version);
}
