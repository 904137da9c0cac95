using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Agent.KeyStore;

/// <summary>
/// A sealed file: <c>MGSEALED</c>, a version byte, the seal key's name (8), a nonce (12), the ciphertext, a tag (16). The header, the kind of content and the trust domain
/// are bound to it, so that none passes for another. Old content that is put back is not told from new: what it holds ends by itself, and the control plane
/// sends what changed.
/// </summary>
internal sealed class SealedFile(SealKey key, string path, string kind, string trustDomain)
{
    /// <summary>Some 100,000 identities; more is no file of an agent.</summary>
    public const long MaxBytes = 256L * 1024 * 1024;

    private const byte Version = 1;
    private const int HeaderBytes = MagicBytes + 1 + SealKey.NameBytes;
    private const int MagicBytes = 8;

    private static ReadOnlySpan<byte> Magic => "MGSEALED"u8;

    public string Path => path;

    /// <summary>The content; null with a problem in words, or with none when there is no file.</summary>
    public byte[]? Read(out string? problem)
    {
        problem = null;
        byte[] bytes;
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            if (new FileInfo(path).Length > MaxBytes)
            {
                problem = $"it is larger than {MaxBytes} bytes";
                return null;
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            problem = failure.Message;
            return null;
        }

        var file = bytes.AsSpan();
        problem = file.Length < HeaderBytes + SealKey.NonceBytes + SealKey.TagBytes || !file.StartsWith(Magic) ? "it is no sealed file of an agent"
            : file[MagicBytes] != Version ? $"it has format {file[MagicBytes]}, and this agent reads {Version}; the agent that wrote it was another version"
            : !file.Slice(MagicBytes + 1, SealKey.NameBytes).SequenceEqual(key.Name) ? "it was sealed under another seal key"
            : null;
        if (problem is not null)
        {
            return null;
        }

        var nonce = file.Slice(HeaderBytes, SealKey.NonceBytes);
        var rest = file[(HeaderBytes + SealKey.NonceBytes)..];
        var content = new byte[rest.Length - SealKey.TagBytes];
        if (key.TryOpen(nonce, rest[..^SealKey.TagBytes], rest[^SealKey.TagBytes..], content, Associated(file[..HeaderBytes])))
        {
            return content;
        }

        problem = "it was changed, or is of another trust domain or kind";
        return null;
    }

    /// <exception cref="IOException">It cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public void Write(ReadOnlySpan<byte> content)
    {
        var bytes = new byte[HeaderBytes + SealKey.NonceBytes + content.Length + SealKey.TagBytes];
        var file = bytes.AsSpan();
        if (bytes.Length > MaxBytes)
        {
            throw new IOException($"{path} would be larger than {MaxBytes} bytes.");
        }

        Magic.CopyTo(file);
        file[MagicBytes] = Version;
        key.Name.CopyTo(file[(MagicBytes + 1)..]);
        var nonce = file.Slice(HeaderBytes, SealKey.NonceBytes);
        var rest = file[(HeaderBytes + SealKey.NonceBytes)..];
        RandomNumberGenerator.Fill(nonce);
        key.Seal(nonce, content, rest[..^SealKey.TagBytes], rest[^SealKey.TagBytes..], Associated(file[..HeaderBytes]));
        PrivateFile.Write(path, bytes);
    }

    public void Delete() => File.Delete(path);

    private byte[] Associated(ReadOnlySpan<byte> header) => [.. header, .. Encoding.UTF8.GetBytes($"{kind}\0{trustDomain}")];
}
