using System.Text;

namespace MeshGrains.Grains;

/// <summary>
/// Seals what an ACME certificate is made of (account key, certificate key, order under way) for the store, as <see cref="JwtKeySeal"/> does: no grain, no message and no
/// store holds those keys in clear.
/// </summary>
public sealed class AcmeSeal(RecordAuthenticator recordKey, IRandomSource random)
{
    private const string Purpose = "meshgrains acme seal 1";

    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public byte[] Seal(string clusterKey, ReadOnlySpan<byte> document) => SealedBox.Seal(recordKey, Purpose, random, document, Encoding.UTF8.GetBytes(clusterKey));

    /// <summary>The document in clear; the caller wipes it.</summary>
    /// <exception cref="RecordTamperedException">The seal does not open.</exception>
    /// <exception cref="RecordKeyUnavailableException">The record key is not there yet.</exception>
    public byte[] Open(string clusterKey, ReadOnlySpan<byte> box) =>
        SealedBox.Open(recordKey, Purpose, box, Encoding.UTF8.GetBytes(clusterKey)) ?? throw new RecordTamperedException(
            $"acme/{clusterKey}", "the seal of the bundle endpoint's certificate does not open: it was changed outside MeshGrains, or is of another deployment.");
}
