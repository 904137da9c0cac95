using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.KeyStore;

/// <summary>
/// Puts back what was kept before anything is served, and keeps what changes: soon after a change, seldom while changes follow each other, and at the end.
/// </summary>
internal sealed class StateKeeper(AgentState state, IAgentKeyStore store, AgentConfiguration options, TimeProvider time, ILogger<StateKeeper> logger) : BackgroundService
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <summary>Writing takes this part of the time at most.</summary>
    private const int Rest = 20;

    private AgentSnapshot? _kept;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (store.LoadState() is { } saved)
        {
            var (svids, expired) = state.Restore(saved, time.GetUtcNow(), IsNewer(options.ControlPlane.TrustBundle, saved.WrittenAt));
            AgentLog.StateRestored(logger, saved.Entries.Length, svids, expired, saved.WrittenAt);
        }

        _kept = state.Current;
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Keep();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                await (_kept ?? state.Current).Changed.WaitAsync(stoppingToken);
                await Clock.PauseAsync(time, Soon, stoppingToken);
                var started = time.GetTimestamp();
                Keep();
                await Clock.PauseAsync(time, time.GetElapsedTime(started) * Rest, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last state is kept when all has stopped.
        }
    }

    private static bool IsNewer(string file, DateTimeOffset writtenAt) => File.GetLastWriteTimeUtc(file) > writtenAt.UtcDateTime;

    private void Keep()
    {
        var snapshot = state.Current;
        if (ReferenceEquals(snapshot, _kept))
        {
            return;
        }

        try
        {
            // What was never told by a control plane would hide what was.
            if (snapshot.IsSynced)
            {
                store.SaveState(snapshot);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            AgentLog.KeyStoreNotWritten(logger, options.KeyStore.Directory, failure.Message);
        }

        _kept = snapshot;
    }
}
