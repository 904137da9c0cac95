using System.Security.Cryptography;

namespace MeshGrains.Agent.KeyStore;

/// <summary>The key that the agent's files are sealed with (AES-256-GCM), and a name for it that tells another key from a changed file.</summary>
internal sealed class SealKey : IDisposable
{
    public const int Bytes = 32;
    public const int NameBytes = 8;
    public const int NonceBytes = 12;
    public const int TagBytes = 16;

    private const UnixFileMode Others = (UnixFileMode)0x3f;

    private readonly AesGcm _cipher;

    private SealKey(byte[] key)
    {
        _cipher = new AesGcm(key, TagBytes);
        Name = HMACSHA256.HashData(key, "meshgrains-agent seal key name"u8)[..NameBytes];
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Not secret.</summary>
    public byte[] Name { get; }

    /// <summary>Reads the file, or makes it.</summary>
    /// <exception cref="ConfigurationException">It cannot be read or made, others may read it, or it holds no key.</exception>
    public static SealKey OpenOrCreate(string file)
    {
        try
        {
            if (!File.Exists(file))
            {
                Create(file);
            }

            if ((File.GetUnixFileMode(file) & Others) != 0)
            {
                throw new ConfigurationException([$"keyStore.sealKeyFile: others may read or write '{file}'; chmod 0600 it, and make a new one if they may have."]);
            }

            var key = File.ReadAllBytes(file);
            return key.Length == Bytes ? new SealKey(key)
                : throw new ConfigurationException([$"keyStore.sealKeyFile: '{file}' has {key.Length} bytes and no key of {Bytes}; restore it, or delete it to begin anew."]);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException([$"keyStore.sealKeyFile: {failure.Message}"]);
        }
    }

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> ciphertext, Span<byte> tag, ReadOnlySpan<byte> associated) =>
        _cipher.Encrypt(nonce, plaintext, ciphertext, tag, associated);

    /// <summary>False when anything of it differs from what was sealed.</summary>
    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> tag, Span<byte> plaintext, ReadOnlySpan<byte> associated)
    {
        try
        {
            _cipher.Decrypt(nonce, ciphertext, tag, plaintext, associated);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose() => _cipher.Dispose();

    private static void Create(string file)
    {
        var key = RandomNumberGenerator.GetBytes(Bytes);
        try
        {
            PrivateFile.Write(file, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
