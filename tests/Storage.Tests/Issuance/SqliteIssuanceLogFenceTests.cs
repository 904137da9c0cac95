using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteIssuanceLogFenceTests : LogFenceContract, IDisposable
{
    private readonly LogFixture _store = new();

    protected override ValueTask<IIssuanceLog> LogAsync() => ValueTask.FromResult<IIssuanceLog>(_store.Log);

    protected override ValueTask RestartAsync()
    {
        _store.Close();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_closed_log_neither_seals_nor_raises()
    {
        var log = _store.Log;
        _store.Close();

        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(async () => await log.SealAsync(Records.TrustDomain, Records.Issuer, CancellationToken.None));
        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(
            async () => await log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 1, CancellationToken.None));
    }

    [Fact]
    public async Task A_store_that_fails_neither_seals_nor_raises()
    {
        await _store.AppendAsync(Records.Leaf(1));
        _store.Tamper("ALTER TABLE anchor RENAME TO gone");

        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(
            async () => await _store.Log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 1, CancellationToken.None));
        await Assert.ThrowsAsync<IssuanceLogUnavailableException>(
            async () => await _store.Log.SealAsync(Records.TrustDomain, Records.Issuer, CancellationToken.None));
        Assert.False(_store.Log.IsAvailable);
    }

    public void Dispose() => _store.Dispose();
}
