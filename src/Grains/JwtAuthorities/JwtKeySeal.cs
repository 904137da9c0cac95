using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.Grains;

/// <summary>
/// Seals JWT signing keys for the store with AES-256-GCM, under a key derived from the record key, which the KMS's wrapping key protects and every silo
/// unwraps for itself. The seal binds trust domain, cluster and kid: a key put in another's place does not open.
/// </summary>
public sealed class JwtKeySeal(RecordAuthenticator recordKey, IRandomSource random)
{
    private const byte Format = 1;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Format byte, nonce, ciphertext, tag.</summary>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public byte[] Seal(string clusterKey, string keyId, ReadOnlySpan<byte> pkcs8)
    {
        var box = new byte[1 + NonceBytes + pkcs8.Length + TagBytes];
        box[0] = Format;
        random.Fill(box.AsSpan(1, NonceBytes));
        using var aes = Open();
        aes.Encrypt(box.AsSpan(1, NonceBytes), pkcs8, box.AsSpan(1 + NonceBytes, pkcs8.Length), box.AsSpan(^TagBytes..), Binding(clusterKey, keyId));
        return box;
    }

    /// <summary>The key in clear; the caller wipes it.</summary>
    /// <exception cref="RecordTamperedException">The seal does not open.</exception>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public byte[] Open(string clusterKey, string keyId, ReadOnlySpan<byte> box)
    {
        if (box.Length <= 1 + NonceBytes + TagBytes || box[0] != Format)
        {
            throw Broken(clusterKey, keyId);
        }

        var pkcs8 = new byte[box.Length - 1 - NonceBytes - TagBytes];
        using var aes = Open();
        try
        {
            aes.Decrypt(box.Slice(1, NonceBytes), box[(1 + NonceBytes)..^TagBytes], box[^TagBytes..], pkcs8, Binding(clusterKey, keyId));
            return pkcs8;
        }
        catch (CryptographicException)
        {
            throw Broken(clusterKey, keyId);
        }
    }

    private AesGcm Open()
    {
        var key = recordKey.Derive("meshgrains jwt-authority seal 1");
        try
        {
            return new AesGcm(key, TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] Binding(string clusterKey, string keyId) => Encoding.UTF8.GetBytes($"{clusterKey}\n{keyId}");

    private static RecordTamperedException Broken(string clusterKey, string keyId) =>
        new($"jwt-authority/{clusterKey}", $"the seal of the signing key {keyId} does not open: it was changed outside MeshGrains, or is of another deployment.");
}
