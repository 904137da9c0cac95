using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Keys.Files;

/// <summary>
/// Keys in a directory of this machine, each version a file of its own, sealed with AES-256-GCM and bound to its name, version and public
/// key. For a first try and for tests: whoever reads the process or the seal key has the keys.
/// </summary>
internal sealed partial class FileKeyManager : IKeyManager
{
    public const string SchemeName = "file";
    private const string Format = "meshgrains-sealed-key/1";
    private const string Suffix = ".key.json";
    private const int MaxVersions = 10_000;

    private readonly ConcurrentDictionary<string, LocalKey> _open = new(StringComparer.Ordinal);
    private readonly Lock _creating = new();
    private readonly string _directory;
    private readonly Seal _seal;
    private readonly TimeProvider _time;

    private FileKeyManager(string directory, Seal seal, TimeProvider time)
    {
        _directory = directory;
        _seal = seal;
        _time = time;
    }

    public string Scheme => SchemeName;

    public bool IsProductionGrade => false;

    public static FileKeyManager Open(FileKeyLocation location, KeyManagerOptions options, TimeProvider time, ILogger<FileKeyManager> logger)
    {
        var directory = Path.GetFullPath(options.DataDirectory is null ? location.Directory : Path.Combine(options.DataDirectory, location.Directory));
        PrivateFile.EnsureDirectory(directory);
        var hasKeys = Directory.EnumerateFiles(directory, "*" + Suffix).Any();
        var seal = Seal.OpenOrCreate(directory, location, options.DataDirectory ?? directory, options.PassphraseIterations, hasKeys);
        LogNotForProduction(logger, KeyManagers.FileKeysWarning, directory);
        return new FileKeyManager(directory, seal, time);
    }

    public ValueTask<ManagedKey?> FindAsync(string name, CancellationToken ct)
    {
        KeyRules.RequireName(name);
        ct.ThrowIfCancellationRequested();
        var newest = Versions(name).OrderByDescending(v => v.Number).ThenByDescending(v => v.Version, StringComparer.Ordinal).FirstOrDefault();
        return ValueTask.FromResult(newest.Version is null ? null : Load(ReferenceTo(name, newest.Version)).Facts);
    }

    public ValueTask<ManagedKey> CreateAsync(string name, KeyAlgorithm algorithm, KeyPurpose purpose, CancellationToken ct)
    {
        KeyRules.RequireName(name);
        KeyRules.RequireKind(algorithm, purpose);
        ct.ThrowIfCancellationRequested();
        var (secret, publicKey) = LocalKey.Generate(algorithm, purpose);
        try
        {
            lock (_creating)
            {
                var number = Versions(name).Select(v => v.Number).DefaultIfEmpty(0).Max() + 1;
                if (number > MaxVersions)
                {
                    throw KeyRules.Invalid($"The key '{name}' has {MaxVersions} versions already.");
                }

                // The random part keeps a version that was lost and made again from passing for the first one.
                var unique = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
                var version = string.Create(CultureInfo.InvariantCulture, $"{number}-{unique}");
                var file = new SealedKey
                {
                    Format = Format,
                    Name = name,
                    Version = version,
                    Algorithm = algorithm,
                    Purpose = purpose,
                    CreatedUnixSeconds = _time.GetUtcNow().ToUnixTimeSeconds(),
                    PublicKey = publicKey,
                };
                file = file with { Sealed = _seal.Protect(secret, Associated(file)) };
                var json = JsonSerializer.SerializeToUtf8Bytes(file, FileJson.Default.SealedKey);
                if (!PrivateFile.TryCreate(PathOf(name, version), json, unique))
                {
                    throw KeyRules.Invalid($"The key version {name}/{version} exists already.");
                }

                return ValueTask.FromResult(Load(ReferenceTo(name, version)).Facts);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    public ValueTask<ManagedKey> GetAsync(KeyReference key, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return ValueTask.FromResult(Load(key).Facts);
    }

    public ValueTask<byte[]> SignDigestAsync(KeyReference key, KeyAlgorithm algorithm, ReadOnlyMemory<byte> digest, CancellationToken ct)
    {
        KeyRules.RequireDigest(algorithm, digest);
        ct.ThrowIfCancellationRequested();
        var local = Load(key);
        KeyRules.RequireUse(local.Facts, KeyPurpose.Sign);
        KeyRules.RequireAlgorithm(local.Facts, algorithm);
        var signature = local.Sign(digest.Span);
        PublicKeyCheck.RequireSignature(local.Facts, digest.Span, signature);
        return ValueTask.FromResult(signature);
    }

    public ValueTask<byte[]> WrapAsync(KeyReference key, ReadOnlyMemory<byte> plaintext, CancellationToken ct)
    {
        KeyRules.RequireWrappable(plaintext);
        ct.ThrowIfCancellationRequested();
        var local = Load(key);
        KeyRules.RequireUse(local.Facts, KeyPurpose.Wrap);
        return ValueTask.FromResult(local.Wrap(plaintext.Span, Encoding.ASCII.GetBytes(key.Value)));
    }

    public ValueTask<byte[]> UnwrapAsync(KeyReference key, ReadOnlyMemory<byte> wrapped, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var local = Load(key);
        KeyRules.RequireUse(local.Facts, KeyPurpose.Wrap);
        var plaintext = wrapped.Length > 4096 ? null : local.TryUnwrap(wrapped.Span, Encoding.ASCII.GetBytes(key.Value));
        return ValueTask.FromResult(plaintext
            ?? throw KeyRules.Invalid($"The wrapped data key was not made by {key.Value}, or was altered."));
    }

    public ValueTask DisposeAsync()
    {
        foreach (var key in _open.Values)
        {
            key.Dispose();
        }

        _open.Clear();
        _seal.Dispose();
        return ValueTask.CompletedTask;
    }

    [LoggerMessage(3001, LogLevel.Warning, "{Warning} The keys lie in {Directory}.")]
    private static partial void LogNotForProduction(ILogger logger, string warning, string directory);

    private static byte[] Associated(SealedKey key) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"{Format}\n{key.Name}\n{key.Version}\n{key.Algorithm}\n{key.Purpose}\n{key.CreatedUnixSeconds}\n{Convert.ToBase64String(key.PublicKey!)}"));

    private static KeyReference ReferenceTo(string name, string version) => new($"{SchemeName}:{name}/{version}");

    private static (string Name, string Version) Parse(KeyReference key)
    {
        var value = key.Value;
        if (value.StartsWith("file:", StringComparison.Ordinal) && value.Length < 256)
        {
            var slash = value.IndexOf('/', StringComparison.Ordinal);
            if (slash > 5 && KeyRules.IsName(value[5..slash]) && KeyRules.IsName(value[(slash + 1)..]))
            {
                return (value[5..slash], value[(slash + 1)..]);
            }
        }

        throw KeyRules.Invalid("A key reference of file: is written file:NAME/VERSION.");
    }

    private static int NumberOf(string version)
    {
        var dash = version.IndexOf('-', StringComparison.Ordinal);
        return dash > 0 && int.TryParse(version.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
    }

    private string PathOf(string name, string version) => Path.Combine(_directory, $"{name}.{version}{Suffix}");

    private IEnumerable<(int Number, string Version)> Versions(string name)
    {
        var prefix = name + ".";
        foreach (var path in Directory.EnumerateFiles(_directory, prefix + "*" + Suffix))
        {
            var version = Path.GetFileName(path)[prefix.Length..^Suffix.Length];
            if (NumberOf(version) is var number and > 0)
            {
                yield return (number, version);
            }
        }
    }

    private LocalKey Load(KeyReference key)
    {
        var (name, version) = Parse(key);
        if (_open.TryGetValue(key.Value, out var known))
        {
            return known;
        }

        var path = PathOf(name, version);
        if (!File.Exists(path))
        {
            throw new KeyManagerException(KeyManagerError.NotFound, $"There is no key {key.Value} in {_directory}.");
        }

        var file = FileJson.Read(path, FileJson.Default.SealedKey);
        if (file.Format != Format || file.Name != name || file.Version != version || file.PublicKey is null || file.Sealed is null)
        {
            throw KeyRules.Invalid($"{path} does not hold the key {key.Value}: it was renamed, damaged or tampered with. Restore it from its backup.");
        }

        var secret = _seal.TryUnprotect(file.Sealed, Associated(file))
            ?? throw KeyRules.Invalid($"{path} was tampered with, or sealed elsewhere: its seal does not fit. Restore it from its backup.");
        var loaded = LocalKey.Import(new ManagedKey(key, file.Algorithm, file.Purpose, file.PublicKey, name), secret);
        var kept = _open.GetOrAdd(key.Value, loaded);
        if (!ReferenceEquals(kept, loaded))
        {
            loaded.Dispose();
        }

        return kept;
    }
}
