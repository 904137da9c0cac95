using System.Collections.Concurrent;

namespace MeshGrains.Grains.Tests;

/// <summary>A log in memory that can be told to refuse.</summary>
internal sealed class MemoryLog(Faults? faults = null) : IIssuanceLog
{
    private readonly ConcurrentDictionary<string, IssuanceRecord> _records = new();
    private readonly ConcurrentDictionary<string, byte> _sealed = new();
    private readonly ConcurrentDictionary<(string TrustDomain, LogAnchor Anchor), long> _anchors = new();
    private readonly Faults _faults = faults ?? new Faults();

    public int QueueDepth => 0;

    public bool IsAvailable { get; set; } = true;

    /// <summary>Runs before a record is taken; throws to refuse it.</summary>
    public Action<IssuanceRecord>? OnAppend { get; set; }

    /// <summary>Runs before an anchor is raised or read; throws to refuse.</summary>
    public Action<LogAnchor, long>? OnRaise { get; set; }

    public Action? OnReadAnchor { get; set; }

    /// <summary>What reading an anchor waits for, whatever its token says.</summary>
    public Task AnchorGate { get; set; } = Task.CompletedTask;

    /// <summary>What a raise of an anchor waits for; as a store that hangs, it hears no cancellation.</summary>
    public Task RaiseGate { get; set; } = Task.CompletedTask;

    /// <summary>What a count of live certificates waits for.</summary>
    public Func<Task>? OnCount { get; set; }

    /// <summary>Runs before a shard is sealed; throws to refuse.</summary>
    public Action<string>? OnSeal { get; set; }

    public bool IsSealed(string issuerAuthorityId) => _sealed.ContainsKey(issuerAuthorityId);

    /// <summary>What an append waits for after its record was taken.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public IReadOnlyCollection<IssuanceRecord> Records => [.. _records.Values];

    public async ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken)
    {
        if (_sealed.ContainsKey(record.IssuerAuthorityId))
        {
            throw new IssuanceShardSealedException(record.IssuerAuthorityId, "The shard is sealed.");
        }

        OnAppend?.Invoke(record);
        try
        {
            await _faults.StepAsync("log.append", () =>
            {
                if (!_records.TryAdd(record.Serial, record))
                {
                    throw new IssuanceLogUnavailableException("The serial is taken.");
                }
            });
        }
        catch (IOException failure)
        {
            throw new IssuanceLogUnavailableException("The issuance log could not take the record.", failure);
        }

        await Gate;
    }

    public async ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken) =>
        await _faults.StepAsync("log.find", () => Task.FromResult(_records.GetValueOrDefault(serial)));

    public ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<PositionedRecord>>([.. _records.Values.Where(record => record.SpiffeId == spiffeId).Select(record => new PositionedRecord(0, record))]);

    public ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyList<PositionedRecord>>([.. _records.Values.Select(record => new PositionedRecord(0, record))]);

    public async ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await (OnCount?.Invoke() ?? Task.CompletedTask);
        return _records.Values.Where(record => record.Kind == IssuanceRecordKind.X509Svid && record.TrustDomain == trustDomain && record.NotAfter > now)
            .GroupBy(record => record.IssuerAuthorityId).ToDictionary(group => group.Key, group => (long)group.Count());
    }

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_records.Values.Where(record => record.TrustDomain == trustDomain).Select(record => record.BundleNumber).DefaultIfEmpty(0).Max());

    public ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken)
    {
        OnSeal?.Invoke(issuerAuthorityId);
        _sealed.TryAdd(issuerAuthorityId, 0);
        return ValueTask.CompletedTask;
    }

    public async ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken)
    {
        OnReadAnchor?.Invoke();
        await AnchorGate;
        return _anchors.GetValueOrDefault((trustDomain, anchor));
    }

    public async ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken)
    {
        OnRaise?.Invoke(anchor, value);
        await RaiseGate;
        _anchors.AddOrUpdate((trustDomain, anchor), value, (_, standing) => Math.Max(standing, value));
    }

    public ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<string>>([]);
}
