namespace MeshGrains.Grains.Tests;

/// <summary>A log that takes everything at once and remembers nothing: for measuring what lies around it.</summary>
internal sealed class SilentLog : IIssuanceLog
{
    public int QueueDepth => 0;

    public bool IsAvailable => true;

    public ValueTask AppendAsync(IssuanceRecord record, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<IssuanceRecord?> FindBySerialAsync(string trustDomain, string serial, CertificateHint? hint, CancellationToken cancellationToken) => default;

    public ValueTask<IReadOnlyList<PositionedRecord>> FindByIdentityAsync(string trustDomain, string spiffeId, long? before, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ValueTask<IReadOnlyList<PositionedRecord>> ListAsync(string trustDomain, long? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyDictionary<string, long>> CountLiveAsync(string trustDomain, DateTimeOffset now, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<long> HighestBundleNumberAsync(string trustDomain, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask SealAsync(string trustDomain, string issuerAuthorityId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<long> ReadAnchorAsync(string trustDomain, LogAnchor anchor, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask RaiseAnchorAsync(string trustDomain, LogAnchor anchor, long value, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<IReadOnlyList<string>> VerifyChainAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
}
