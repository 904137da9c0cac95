using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace MeshGrains.Keys.Files;

/// <summary>
/// The key that seals every key file of a directory, from a seal key file (HKDF-SHA256) or a passphrase (PBKDF2-SHA256). The directory's
/// <c>seal.json</c> holds the salt and a sealed check value, so that a wrong passphrase is told from a tampered key file.
/// </summary>
internal sealed class Seal : IDisposable
{
    public const string HeaderFile = "seal.json";
    public const string DefaultKeyFile = "seal.key";
    private const string Format = "meshgrains-seal/1";
    private const string FromFile = "hkdf-sha256";
    private const string FromPassphrase = "pbkdf2-sha256";
    private const int MinIterations = 600_000;
    private const int MaxIterations = 20_000_000;
    private const int MinPassphraseBytes = 12;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly AesGcm _cipher;

    private Seal(byte[] key)
    {
        _cipher = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Opens the directory's seal, or makes it when the directory holds no keys yet.</summary>
    public static Seal OpenOrCreate(string directory, FileKeyLocation location, string dataDirectory, int iterations, bool hasKeys)
    {
        var headerPath = Path.Combine(directory, HeaderFile);
        if (!File.Exists(headerPath))
        {
            if (hasKeys)
            {
                throw KeyRules.Invalid($"{headerPath} is missing, though sealed keys lie beside it. Restore it from the backup of this directory.");
            }

            var fresh = Create(headerPath, location, dataDirectory, iterations);
            if (fresh is not null)
            {
                return fresh;
            }
        }

        return OpenExisting(headerPath, location, dataDirectory);
    }

    /// <summary>nonce, ciphertext and tag, bound to <paramref name="associated"/>.</summary>
    public byte[] Protect(ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associated) => Encrypt(_cipher, plaintext, associated);

    /// <summary>The plaintext, or null when key, text or associated data differ from what was sealed.</summary>
    public byte[]? TryUnprotect(ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> associated) => TryDecrypt(_cipher, sealedBytes, associated);

    public void Dispose() => _cipher.Dispose();

    internal static byte[] Encrypt(AesGcm cipher, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associated)
    {
        var result = new byte[NonceBytes + plaintext.Length + TagBytes];
        var nonce = result.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        cipher.Encrypt(nonce, plaintext, result.AsSpan(NonceBytes, plaintext.Length), result.AsSpan(NonceBytes + plaintext.Length), associated);
        return result;
    }

    internal static byte[]? TryDecrypt(AesGcm cipher, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> associated)
    {
        if (sealedBytes.Length < NonceBytes + TagBytes)
        {
            return null;
        }

        var plaintext = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        try
        {
            cipher.Decrypt(
                sealedBytes[..NonceBytes], sealedBytes[NonceBytes..^TagBytes], sealedBytes[^TagBytes..], plaintext, associated);
            return plaintext;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static Seal? Create(string headerPath, FileKeyLocation location, string dataDirectory, int iterations)
    {
        if (iterations is < MinIterations or > MaxIterations)
        {
            throw KeyRules.Invalid($"A passphrase seal takes {MinIterations} to {MaxIterations} rounds of PBKDF2, not {iterations}.");
        }

        var header = new SealHeader
        {
            Format = Format,
            Derivation = location.PassphraseFile is null ? FromFile : FromPassphrase,
            Iterations = location.PassphraseFile is null ? 0 : iterations,
            Salt = RandomNumberGenerator.GetBytes(32),
            Check = [],
        };
        var seal = new Seal(Derive(header, location, dataDirectory, mayMakeKeyFile: true));
        header = header with { Check = seal.Protect([], Associated(header)) };
        var json = JsonSerializer.SerializeToUtf8Bytes(header, FileJson.Default.SealHeader);
        if (PrivateFile.TryCreate(headerPath, json, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))))
        {
            return seal;
        }

        seal.Dispose();
        return null;
    }

    private static Seal OpenExisting(string headerPath, FileKeyLocation location, string dataDirectory)
    {
        var header = FileJson.Read(headerPath, FileJson.Default.SealHeader);
        if (header.Format != Format || header.Salt is not { Length: >= 16 and <= 64 } || header.Check is null)
        {
            throw KeyRules.Invalid($"{headerPath} is not a seal of this version. Restore it from the backup of this directory.");
        }

        var wanted = location.PassphraseFile is null ? FromFile : FromPassphrase;
        if (header.Derivation != wanted)
        {
            throw KeyRules.Invalid(header.Derivation == FromPassphrase
                ? $"The keys beside {headerPath} are sealed with a passphrase: name it with ?passphrase-file=FILE."
                : $"The keys beside {headerPath} are sealed with a seal key file, not with a passphrase: leave passphrase-file out.");
        }

        if (wanted == FromPassphrase && header.Iterations is < MinIterations or > MaxIterations)
        {
            throw KeyRules.Invalid($"{headerPath} asks for {header.Iterations} rounds of PBKDF2; {MinIterations} to {MaxIterations} are taken. It was tampered with.");
        }

        var seal = new Seal(Derive(header, location, dataDirectory, mayMakeKeyFile: false));
        if (seal.TryUnprotect(header.Check, Associated(header)) is null)
        {
            seal.Dispose();
            throw new KeyManagerException(KeyManagerError.Denied, location.PassphraseFile is not null
                ? $"The passphrase in {location.PassphraseFile} does not open {headerPath}: it is the wrong passphrase, or the file was changed."
                : $"The seal key in {SealKeyPath(location, dataDirectory)} does not open {headerPath}: it is the wrong seal key, or the file was changed.");
        }

        return seal;
    }

    private static byte[] Derive(SealHeader header, FileKeyLocation location, string dataDirectory, bool mayMakeKeyFile)
    {
        if (location.PassphraseFile is { } passphraseFile)
        {
            var content = PrivateFile.Read(passphraseFile);
            try
            {
                var passphrase = content.AsSpan().TrimEnd("\r\n"u8);
                if (passphrase.Length < MinPassphraseBytes)
                {
                    throw KeyRules.Invalid($"The passphrase in {passphraseFile} is shorter than {MinPassphraseBytes} bytes.");
                }

                return Rfc2898DeriveBytes.Pbkdf2(passphrase, header.Salt!, header.Iterations, HashAlgorithmName.SHA256, 32);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(content);
            }
        }

        var material = ReadOrMakeSealKey(location, dataDirectory, mayMakeKeyFile);
        try
        {
            return HKDF.DeriveKey(HashAlgorithmName.SHA256, material, 32, header.Salt, Encoding.ASCII.GetBytes(Format));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
        }
    }

    private static byte[] ReadOrMakeSealKey(FileKeyLocation location, string dataDirectory, bool mayMake)
    {
        var path = SealKeyPath(location, dataDirectory);
        if (!File.Exists(path))
        {
            if (location.SealKeyFile is not null)
            {
                throw new KeyManagerException(
                    KeyManagerError.NotFound, $"The seal key file {path} does not exist. Make one: (umask 077; head -c 32 /dev/urandom | base64 > '{path}')");
            }

            if (!mayMake)
            {
                throw new KeyManagerException(
                    KeyManagerError.NotFound, $"The seal key {path} is gone, and sealed keys need it. Restore it from its backup.");
            }

            var fresh = RandomNumberGenerator.GetBytes(32);
            var text = Encoding.ASCII.GetBytes(Convert.ToBase64String(fresh) + "\n");
            PrivateFile.EnsureDirectory(Path.GetDirectoryName(path)!);
            _ = PrivateFile.TryCreate(path, text, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)));
            CryptographicOperations.ZeroMemory(text);
            CryptographicOperations.ZeroMemory(fresh);
        }

        var content = PrivateFile.Read(path);
        var key = new byte[48];
        try
        {
            if (!Convert.TryFromBase64String(Encoding.ASCII.GetString(content).Trim(), key, out var length) || length != 32)
            {
                throw KeyRules.Invalid($"The seal key file {path} does not hold 32 bytes in base64.");
            }

            return key.AsSpan(0, 32).ToArray();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static string SealKeyPath(FileKeyLocation location, string dataDirectory) =>
        Path.GetFullPath(location.SealKeyFile ?? Path.Combine(dataDirectory, DefaultKeyFile));

    private static byte[] Associated(SealHeader header) =>
        Encoding.ASCII.GetBytes($"{Format}\n{header.Derivation}\n{header.Iterations}\n{Convert.ToHexStringLower(header.Salt!)}");
}
