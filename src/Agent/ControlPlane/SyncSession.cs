using System.Reflection;
using System.Threading.Channels;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>
/// One stream: takes what is pushed, reports what is held. Reports coalesce and are spread over a moment, so that those of a fleet do not stand in the way of the
/// push that they answer; a standing one repeats only when something changed.
/// </summary>
internal sealed class SyncSession(AgentState state, BundleConsumers consumers, AgentMetrics metrics, IJitter jitter, TimeProvider time, ILogger<SyncSession> logger)
{
    private const int MaxTrouble = 512;
    private static readonly TimeSpan Coalesce = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(2);
    private static readonly string Version = typeof(SyncSession).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>Runs until the control plane ends the stream well; <paramref name="stood"/> is called at its first update.</summary>
    /// <exception cref="RpcException">It ended otherwise.</exception>
    public async Task RunAsync(ControlPlaneClient client, Action stood, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var call = client.Sync(ending.Token);
        var progress = new Progress();
        var first = Report(progress);
        first.Held.AddRange(state.Current.Entries.Entries.Values.Select(entry => new HeldEntry { Id = entry.Id, Revision = entry.Revision }));
        await call.WriteAsync(first, cancellationToken);
        var reporting = ReportAsync(call, progress, ending.Token);
        try
        {
            while (await call.ReadAsync() is { } update)
            {
                Judge(update);
                try
                {
                    state.Apply(update);
                }
                catch (FormatException malformed)
                {
                    throw new RpcException(RpcStatusCode.Internal, $"The control plane pushed what cannot be used: {malformed.Message}", innerException: malformed);
                }

                progress.Update = update.Number;
                if (update.Number == 1)
                {
                    stood();
                }

                progress.Wake();
            }
        }
        finally
        {
            await ending.CancelAsync();
            try
            {
                await reporting;
            }
            catch (Exception failure) when (failure is OperationCanceledException or RpcException)
            {
                // Reading tells why the stream ended.
            }
        }
    }

    /// <summary>Lists that are not taken keep nothing else from the agent: entries and bundles matter more.</summary>
    private void Judge(AgentUpdate update)
    {
        if (update.RevocationLists is null)
        {
            return;
        }

        if (CrlSet.TryRead(state.TrustDomain, update.RevocationLists, out _, out var problem))
        {
            metrics.Crls("ok");
            return;
        }

        metrics.Crls(problem[..problem.IndexOf(':', StringComparison.Ordinal)]);
        AgentLog.CrlsNotTaken(logger, problem);
        update.RevocationLists = null;
    }

    private async Task ReportAsync(RpcDuplexCall<AgentReport, AgentUpdate> call, Progress progress, CancellationToken cancellationToken)
    {
        consumers.Changed += progress.Wake;
        try
        {
            AgentReport? last = null;
            while (true)
            {
                await progress.WokenAsync(cancellationToken);
                await Clock.PauseAsync(time, Coalesce + (Spread * (jitter.Next(1) / 2)), cancellationToken);
                var report = Report(progress);
                if (!report.Equals(last))
                {
                    await call.WriteAsync(report, cancellationToken);
                    last = report;
                }
            }
        }
        finally
        {
            consumers.Changed -= progress.Wake;
        }
    }

    private AgentReport Report(Progress progress)
    {
        var snapshot = state.Current;
        var missing = snapshot.Entries.Entries.Count - snapshot.Svids.Count;
        var trouble = missing > 0 ? $"{missing} entries have no SVID" : "";
        return new AgentReport
        {
            Version = Version, UpdateNumber = progress.Update, BundleNumber = consumers.Lowest(snapshot.BundleNumber), DenialNumber = snapshot.DenialNumber,
            Health = new AgentHealth
            {
                Trouble = trouble[..Math.Min(trouble.Length, MaxTrouble)], Svids = snapshot.Svids.Count, SvidsMissing = Math.Max(0, missing), Consumers = consumers.Count,
                Nacks = metrics.Nacks,
            },
        };
    }

    private sealed class Progress
    {
        private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private long _update;

        public long Update { get => Interlocked.Read(ref _update); set => Interlocked.Exchange(ref _update, value); }

        public void Wake() => _wake.Writer.TryWrite(true);

        public ValueTask<bool> WokenAsync(CancellationToken cancellationToken) => _wake.Reader.ReadAsync(cancellationToken);
    }
}
