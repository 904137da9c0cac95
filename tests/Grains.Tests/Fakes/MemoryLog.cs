using System.Collections.Concurrent;

namespace MeshGrains.Grains.Tests;

/// <summary>A log in memory that can be told to refuse.</summary>
internal sealed class MemoryLog : IIssuanceLog
{
    private readonly ConcurrentDictionary<string, IssuanceRecord> _records = new();

    public int QueueDepth => 0;

    public bool IsAvailable { get; set; } = true;

    /// <summary>Runs before a record is taken; throws to refuse it.</summary>
    public Action<IssuanceRecord>? OnAppend { get; set; }

    public IReadOnlyCollection<IssuanceRecord> Records => [.. _records.Values];

    public ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken)
    {
        OnAppend?.Invoke(record);
        return _records.TryAdd(record.Serial, record) ? ValueTask.CompletedTask : throw new IssuanceLogUnavailableException("The serial is taken.");
    }

    public ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_records.GetValueOrDefault(serial));

    public ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<PositionedRecord>>([.. _records.Values.Where(record => record.SpiffeId == spiffeId).Select(record => new PositionedRecord(0, record))]);

    public ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<PositionedRecord>>([.. _records.Values.Select(record => new PositionedRecord(0, record))]);

    public ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, long>>(_records.Values.Where(record => record.NotAfter > now)
            .GroupBy(record => record.IssuerAuthorityId).ToDictionary(group => group.Key, group => (long)group.Count()));

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_records.Values.Select(record => record.BundleNumber).DefaultIfEmpty(0).Max());

    public ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<string>>([]);
}
