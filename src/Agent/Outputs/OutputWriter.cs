using MeshGrains.Agent.Domains;
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
    NodeState state, Accounts accounts, AgentConfiguration options, AgentMetrics metrics, IJitter jitter, TimeProvider time,
    ILogger<OutputWriter> logger) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(options.Outputs.Select(output => KeepAsync(output, stoppingToken)));

    private async Task KeepAsync(OutputOptions output, CancellationToken stoppingToken)
    {
        var own = SpiffeId.Parse(output.SpiffeId).TrustDomain.Name;
        var domain = output.BundleTrustDomain.Length > 0 ? output.BundleTrustDomain : own;

        // Only who reads a trust domain's roots can hold an old one; without a file there is nothing to hold yet.
        var consumers = output.Bundle.Length > 0 ? state.Find(domain)?.Consumers : null;
        var consumer = File.Exists(output.Bundle) ? consumers?.Join(0) : null;
        var files = new OutputFiles(output, accounts);
        (WorkloadSvid? Svid, TrustBundle? Bundle, CrlSet? Crls) written = default;
        var deletes = output.WhenWithdrawn == OutputOptions.Delete;
        var pause = FirstPause;
        try
        {
            while (true)
            {
                var node = state.Current;
                var snapshot = node.Find(own)!;

                // One that has merely ended, since nobody could be asked for another, stays where it is. The roots stay fresh beside it, and alone.
                var isWithdrawn = deletes && snapshot.IsSynced && snapshot.Entries.Entries.Values.All(entry => entry.SpiffeId != output.SpiffeId);
                var svid = isWithdrawn ? null
                    : snapshot.Svids.Values.Where(held => held.SpiffeId == output.SpiffeId).OrderBy(held => held.EntryId, StringComparer.Ordinal).FirstOrDefault()
                    ?? written.Svid;
                var bundle = (node.Find(domain) ?? snapshot).Bundles.GetValueOrDefault(domain);
                var crls = output.Crl.Length > 0 ? node.Find(domain)?.Crls : null;
                if (bundle is null || (svid is null && !isWithdrawn)
                    || (ReferenceEquals(svid, written.Svid) && ReferenceEquals(bundle, written.Bundle) && ReferenceEquals(crls, written.Crls)))
                {
                    await node.Changed.WaitAsync(stoppingToken);
                    continue;
                }

                try
                {
                    if (svid is not null)
                    {
                        files.Write(svid, bundle, crls);
                    }
                    else if (!files.Withdraw(bundle, crls))
                    {
                        written = (null, bundle, crls);
                        continue;
                    }

                    consumer ??= consumers?.Join(0);
                    await TellAsync(output, svid is null, stoppingToken);
                    written = (svid, bundle, crls);
                    pause = FirstPause;
                    consumer?.Confirm(bundle.Number);
                    files.DropOld();
                    metrics.Output("ok");
                    if (svid is not null)
                    {
                        AgentLog.OutputWritten(logger, output.Name, svid.SpiffeId, svid.NotAfter);
                    }
                    else
                    {
                        AgentLog.OutputWithdrawn(logger, output.Name, output.SpiffeId);
                    }
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

    /// <summary>A reader cannot be content with files that are gone: what it says then is told, and holds up nothing.</summary>
    private async Task TellAsync(OutputOptions output, bool isWithdrawn, CancellationToken stoppingToken)
    {
        try
        {
            await OutputAction.RunAsync(output, time, stoppingToken);
        }
        catch (Exception failure) when (isWithdrawn && failure is IOException or UnauthorizedAccessException)
        {
            AgentLog.WithdrawalNotTaken(logger, output.Name, failure.Message);
        }
    }
}
