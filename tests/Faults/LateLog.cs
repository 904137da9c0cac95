using MeshGrains.Grains;

namespace MeshGrains.Faults;

/// <summary>A planted fault: an issuance log that says "durable" at once and records 200 ms later.</summary>
internal sealed class LateLog(IIssuanceLog real) : IIssuanceLog
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(200);

    public int QueueDepth => real.QueueDepth;

    public bool IsAvailable => real.IsAvailable;

    public ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken)
    {
        _ = RecordLaterAsync(record);
        return ValueTask.CompletedTask;
    }

    public ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken)
        => real.FindBySerialAsync(trustDomain, serial, hint, cancellationToken);

    public ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(
        string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken)
        => real.FindByIdentityAsync(trustDomain, spiffeId, before, limit, cancellationToken);

    public ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken)
        => real.ListAsync(trustDomain, before, limit, cancellationToken);

    public ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken)
        => real.CountLiveAsync(trustDomain, now, cancellationToken);

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken)
        => real.HighestBundleNumberAsync(trustDomain, cancellationToken);

    public ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken)
        => real.SealAsync(trustDomain, issuerAuthorityId, cancellationToken);

    public ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken)
        => real.ReadAnchorAsync(trustDomain, anchor, cancellationToken);

    public ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken)
        => real.RaiseAnchorAsync(trustDomain, anchor, value, cancellationToken);

    public ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken) => real.VerifyChainAsync(cancellationToken);

    private async Task RecordLaterAsync(IssuanceRecord record)
    {
        await Task.Delay(Delay).ConfigureAwait(false);
        await real.AppendAsync(record, CancellationToken.None).ConfigureAwait(false);
    }
}
