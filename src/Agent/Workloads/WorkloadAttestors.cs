using MeshGrains.Agent.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// All that is told of a process: <c>unix</c> always, and whatever else is switched on, side by side and within one time. Who fails is silent: logged, counted, and its
/// selectors are missing, which never grants more. When all have ended, the process has to be the one that connected, still.
/// </summary>
internal sealed class WorkloadAttestors(
    UnixAttestor unix, IEnumerable<IWorkloadAttestor> others, WorkloadOptions options, AgentMetrics metrics, TimeProvider time, ILogger<WorkloadAttestors> logger)
{
    private readonly IWorkloadAttestor[] _others = [.. others];

    public async Task<Attestation> AttestAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        // First alone: a process that is gone or is somebody else by now is nobody to ask a kubelet about.
        var first = await unix.AttestAsync(peer, cancellationToken);
        if (!first.Succeeded || _others.Length == 0)
        {
            return first;
        }

        using var deadline = new CancellationTokenSource(options.AttestationTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var told = await Task.WhenAll(_others.Select(attestor => OneAsync(attestor, peer, either.Token, cancellationToken)));
        var selectors = new HashSet<string>(first.Selectors, StringComparer.Ordinal);
        foreach (var some in told)
        {
            selectors.UnionWith(some ?? []);
        }

        var silent = _others.Zip(told).Where(pair => pair.Second is null).Select(pair => pair.First.Type).ToList();
        return unix.Changed(peer) ?? Attestation.Of(selectors, silent);
    }

    /// <summary>Null when it failed.</summary>
    private async Task<IReadOnlyCollection<string>?> OneAsync(IWorkloadAttestor attestor, PeerProcess peer, CancellationToken either, CancellationToken caller)
    {
        try
        {
            var selectors = await attestor.AttestAsync(peer, either).WaitAsync(either);
            metrics.Attestor(attestor.Type, "ok");
            return selectors;
        }
        catch (OperationCanceledException) when (caller.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure)
        {
            // Whatever it was, a foreign answer included: nothing of this attestor counts.
            var (reason, detail) = failure switch
            {
                AttestorException told => (told.Reason, told.Message),
                OperationCanceledException => ("timeout", $"it took longer than {options.AttestationTimeout} (workloads.attestationTimeout)"),
                _ => ("failed", failure.Message),
            };
            metrics.Attestor(attestor.Type, reason);
            AgentLog.AttestorFailed(logger, attestor.Type, peer.ProcessId, peer.UserId, reason, detail);
            return null;
        }
    }
}
