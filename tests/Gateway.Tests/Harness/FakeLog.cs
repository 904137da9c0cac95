using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

internal sealed class FakeLog : IIssuanceLog
{
    public List<PositionedRecord> Records { get; } = [];

    public int QueueDepth => 3;

    public bool IsAvailable { get; set; } = true;

    /// <summary>Live leaves by issuing CA.</summary>
    public Dictionary<string, long> Live { get; } = new() { ["ca1"] = 5 };

    public IReadOnlyList<string> Findings { get; set; } = [];

    /// <summary>What a walk over the chain ends with, when a test wants to end it.</summary>
    public TaskCompletionSource<IReadOnlyList<string>>? Walk { get; set; }

    public int Walks { get; private set; }

    public ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken)
        => ValueTask.FromResult(Records.FirstOrDefault(one => one.Record.Serial == serial)?.Record);

    public ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(
        string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken)
        => Page(Records.Where(one => one.Record.SpiffeId == spiffeId), before, limit);

    public ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken)
        => Page(Records, before, limit);

    public ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken)
        => IsAvailable
            ? ValueTask.FromResult<IReadOnlyDictionary<string, long>>(Live)
            : throw new IssuanceLogUnavailableException("the disk is full");

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken) => ValueTask.FromResult(7L);

    public ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken)
    {
        Walks++;
        return new ValueTask<IReadOnlyList<string>>(Walk?.Task.WaitAsync(cancellationToken) ?? Task.FromResult(Findings));
    }

    public void Add(string serial, string spiffeId)
    {
        var now = DateTimeOffset.UnixEpoch;
        Records.Add(new PositionedRecord(Records.Count + 1, new IssuanceRecord(
            IssuanceRecordKind.X509Svid, "mesh.test", serial, spiffeId, "ca1", now, now, "r", "c", "e", now, 7, new byte[] { 0xAB }, now)));
    }

    private static ValueTask<IReadOnlyList<PositionedRecord>> Page(IEnumerable<PositionedRecord> records, long? before, int limit)
        => ValueTask.FromResult<IReadOnlyList<PositionedRecord>>(
            [.. records.Where(one => before is null || one.Position < before).OrderByDescending(one => one.Position).Take(limit)]);
}
