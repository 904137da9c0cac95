using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Workloads;
using MeshGrains.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Outputs;

/// <summary>
/// Keeps the outputs' files as fresh as what the agent holds, each for itself. A bundle counts as held when files and action are done. What lies there from an
/// earlier run is not known: it is written again, and the action run again.
/// </summary>
internal sealed class OutputWriter(
    AgentState state, BundleConsumers consumers, Accounts accounts, AgentConfiguration options, AgentMetrics metrics, IJitter jitter, TimeProvider time,
    ILogger<OutputWriter> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Outputs.Select(output => KeepAsync(output, stoppingToken)));

    private async Task KeepAsync(OutputOptions output, CancellationToken stoppingToken)
    {
        var domain = output.BundleTrustDomain.Length > 0 ? output.BundleTrustDomain : SpiffeId.Parse(output.SpiffeId).TrustDomain.Name;

        // Only who reads this trust domain's roots can hold an old one; without a file there is nothing to hold yet.
        var readsRoots = output.Bundle.Length > 0 && domain == options.TrustDomain;
        var consumer = readsRoots && File.Exists(output.Bundle) ? consumers.Join(0) : null;
        var files = new OutputFiles(output, accounts);
        (WorkloadSvid? Svid, TrustBundle? Bundle) written = default;
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var snapshot = state.Current;

                // An SVID that was taken back stays where it is until it ends; the roots beside it stay fresh.
                var svid = snapshot.Svids.Values.Where(held => held.SpiffeId == output.SpiffeId).OrderBy(held => held.EntryId, StringComparer.Ordinal).FirstOrDefault()
                    ?? written.Svid;
                var bundle = snapshot.Bundles.GetValueOrDefault(domain);
                if (svid is null || bundle is null || (ReferenceEquals(svid, written.Svid) && ReferenceEquals(bundle, written.Bundle)))
                {
                    await snapshot.Changed.WaitAsync(stoppingToken);
                    continue;
                }

                try
                {
                    files.Write(svid, bundle);
                    consumer ??= readsRoots ? consumers.Join(0) : null;
                    await OutputAction.RunAsync(output, time, stoppingToken);
                    written = (svid, bundle);
                    pause = FirstPause;
                    consumer?.Confirm(bundle.Number);
                    files.DropOld();
                    metrics.Output("ok");
                    AgentLog.OutputWritten(logger, output.Name, svid.SpiffeId, svid.NotAfter);
                }
                catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
                {
                    var wait = pause * jitter.Next(0.2);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                    metrics.Output("failed");
                    AgentLog.OutputFailed(logger, output.Name, failure.Message, wait.TotalSeconds);
                    await Clock.PauseAsync(time, wait, stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The agent stops; the files stay.
        }
        finally
        {
            consumer?.Dispose();
        }
    }
}
