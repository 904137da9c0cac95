using System.Text;

namespace MeshGrains.Grains;

/// <summary>
/// Seals JWT signing keys for the store with AES-256-GCM, under a key derived from the record key, which the KMS's wrapping key protects and every silo
/// unwraps for itself. The seal binds trust domain, cluster and kid: a key put in another's place does not open.
/// </summary>
public sealed class JwtKeySeal(RecordAuthenticator recordKey, IRandomSource random)
{
    private const string Purpose = "meshgrains jwt-authority seal 1";

    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public byte[] Seal(string clusterKey, string keyId, ReadOnlySpan<byte> pkcs8) => SealedBox.Seal(recordKey, Purpose, random, pkcs8, Binding(clusterKey, keyId));

    /// <summary>The key in clear; the caller wipes it.</summary>
    /// <exception cref="RecordTamperedException">The seal does not open.</exception>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public byte[] Open(string clusterKey, string keyId, ReadOnlySpan<byte> box) =>
        SealedBox.Open(recordKey, Purpose, box, Binding(clusterKey, keyId)) ?? throw new RecordTamperedException(
            $"jwt-authority/{clusterKey}", $"the seal of the signing key {keyId} does not open: it was changed outside MeshGrains, or is of another deployment.");

    private static byte[] Binding(string clusterKey, string keyId) => Encoding.UTF8.GetBytes($"{clusterKey}\n{keyId}");
}
