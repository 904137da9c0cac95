using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>One authenticated blob a SPIFFE ID, holding all its entries: what must be unique among them is decided in one compare-and-swap.</summary>
internal sealed class IdentityBlobs(BlobRecords records)
{
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    /// <summary>SHA-256 of a SPIFFE ID in lowercase hex, which names its blob.</summary>
    public static string HashOf(string spiffeId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(spiffeId)));

    /// <summary>Whether a text can be such a hash; names in an index are anybody's.</summary>
    public static bool IsHash(string text) => text.Length == 64 && !text.AsSpan().ContainsAnyExcept(Hex);

    public bool HasSeen(string trustDomain, string hash) => records.HasSeen(Key(trustDomain, hash));

    /// <summary>The verified entries, and what to write over; null and none when the identity never had any.</summary>
    public async ValueTask<(BlobRecord? Record, StoredIdentity Identity)> ReadAsync(string trustDomain, string hash, CancellationToken cancellationToken)
    {
        var record = await records.ReadAsync(Blob(trustDomain, hash), Key(trustDomain, hash), cancellationToken).ConfigureAwait(false);
        if (record is null)
        {
            return (null, StoredIdentity.Empty);
        }

        var identity = StoredJson.Read(record.Record.Key, record.Record.Content, BlobJsonContext.Default.StoredIdentity);
        return identity.Entries.All(entry => entry.TrustDomain == trustDomain && HashOf(entry.SpiffeId) == hash)
            ? (record, identity)
            : throw new RecordTamperedException(record.Record.Key, "the name of the blob does not fit its entries.");
    }

    /// <returns>False when another writer was first, or an earlier try of this write whose reply was lost.</returns>
    public async ValueTask<bool> TryWriteAsync(
        string trustDomain, string hash, BlobRecord? before, StoredIdentity next, CancellationToken cancellationToken)
        => await records.TryWriteAsync(
            Blob(trustDomain, hash), Key(trustDomain, hash), before, (before?.Version ?? 0) + 1,
            StoredJson.Write(next, BlobJsonContext.Default.StoredIdentity), cancellationToken).ConfigureAwait(false) is not null;

    private static string Key(string trustDomain, string hash) => $"entries/{trustDomain}/{hash}";

    private static string Blob(string trustDomain, string hash) => $"registrations/identities/{trustDomain}/{hash}";
}
