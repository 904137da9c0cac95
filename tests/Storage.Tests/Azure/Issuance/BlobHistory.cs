using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

/// <summary>A history of small segments, a record a second, as one process leaves it that another one follows.</summary>
internal static class BlobHistory
{
    /// <summary>Records of a segment, about.</summary>
    public const int SegmentRecords = 40;

    public static BlobIssuanceLogOptions Small { get; } = new() { SegmentBytes = 5800, BatchLimit = 20 };

    public static IssuanceRecord Record(int number, string issuer = Records.Issuer) => Records.Leaf(number, issuer: issuer) with
    {
        NotBefore = Records.Start.AddSeconds(number - 60),
        NotAfter = Records.Start.AddSeconds(number + 3540),
        IssuedAt = Records.Start.AddSeconds(number),
    };

    public static CertificateHint Hint(int number) => new(Records.Issuer, Record(number).NotBefore);

    public static ValueTask<IssuanceRecord?> FindAsync(this BlobIssuanceLog log, int number, CertificateHint? hint)
        => log.FindBySerialAsync(Records.TrustDomain, Records.Serial(number), hint, CancellationToken.None);

    /// <summary>Writes until there are that many segments, the last one open.</summary>
    /// <returns>The number after the last record.</returns>
    public static async Task<int> WriteAsync(this BlobLogFixture store, BlobIssuanceLog log, int segments, int first = 0)
    {
        var records = first;
        for (var written = 0; written < segments; written = (await store.NamesAsync("log/")).Count)
        {
            for (var more = Math.Max(1, (segments - written - 1) * SegmentRecords / 20); more > 0; more--, records += 20)
            {
                await Task.WhenAll(Enumerable.Range(records, 20).Select(number => log.AppendAsync(Record(number), CancellationToken.None).AsTask()));
            }
        }

        return records;
    }

    /// <summary>Until all closed segments have what belongs to them.</summary>
    public static async Task ClosedAsync(this BlobLogFixture store)
    {
        var segments = (await store.NamesAsync("log/")).Count;
        await BlobLogFixture.UntilAsync(async () => (await store.NamesAsync("index/")).Count >= segments - 1);
    }
}
