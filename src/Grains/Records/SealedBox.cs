using System.Security.Cryptography;

namespace MeshGrains.Grains;

/// <summary>AES-256-GCM under a key derived from the record key: a format byte, nonce, ciphertext, tag. The binding says what the box is; in another's place it does not open.</summary>
internal static class SealedBox
{
    private const byte Format = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public static byte[] Seal(RecordAuthenticator recordKey, string purpose, IRandomSource random, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> binding)
    {
        var box = new byte[1 + NonceBytes + plain.Length + TagBytes];
        box[0] = Format;
        random.Fill(box.AsSpan(1, NonceBytes));
        using var aes = Open(recordKey, purpose);
        aes.Encrypt(box.AsSpan(1, NonceBytes), plain, box.AsSpan(1 + NonceBytes, plain.Length), box.AsSpan(^TagBytes..), binding);
        return box;
    }

    /// <summary>What is in it, in clear, which the caller wipes; null when it does not open.</summary>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public static byte[]? Open(RecordAuthenticator recordKey, string purpose, ReadOnlySpan<byte> box, ReadOnlySpan<byte> binding)
    {
        if (box.Length <= 1 + NonceBytes + TagBytes || box[0] != Format)
        {
            return null;
        }

        var plain = new byte[box.Length - 1 - NonceBytes - TagBytes];
        using var aes = Open(recordKey, purpose);
        try
        {
            aes.Decrypt(box.Slice(1, NonceBytes), box[(1 + NonceBytes)..^TagBytes], box[^TagBytes..], plain, binding);
            return plain;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static AesGcm Open(RecordAuthenticator recordKey, string purpose)
    {
        var key = recordKey.Derive(purpose);
        try
        {
            return new AesGcm(key, TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
