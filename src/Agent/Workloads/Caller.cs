using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Rpc;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Workloads;

/// <summary>A process that was attested for one call, and what it is entitled to.</summary>
internal sealed class Caller
{
    private const int MaxTold = 20;

    // A container's labels and environment may hold what belongs in no log.
    private static readonly string[] NotTold = ["docker:env:", "docker:label:", "k8s:pod-label:"];

    private readonly IReadOnlySet<string> _selectors;
    private readonly Attestation _attestation;
    private readonly NodeState _state;
    private readonly AgentMetrics _metrics;
    private readonly ILogger _logger;

    public Caller(PeerProcess peer, Attestation attestation, NodeState state, AgentMetrics metrics, ILogger logger)
    {
        (Peer, _attestation, _state, _metrics, _logger) = (peer, attestation, state, metrics, logger);
        _selectors = attestation.Selectors ?? throw new ArgumentException("Only an attested process is a caller.", nameof(attestation));
    }

    public PeerProcess Peer { get; }

    /// <summary>The entries that fit it now, by trust domain. Those without a certificate are asked for before others: somebody waits.</summary>
    /// <exception cref="RpcException">
    /// UNAVAILABLE: none fits, and the entries of a trust domain are not known yet or an attestor could not tell its part. PERMISSION_DENIED: none fits, or the process
    /// has ended.
    /// </exception>
    public IReadOnlyList<Entitlement> Entries(NodeSnapshot snapshot)
    {
        if (!Peer.IsAlive)
        {
            _metrics.Attested("peer_ended");
            AgentLog.WorkloadRefused(_logger, Peer.ProcessId, Peer.UserId, "peer_ended", "the process has ended, and its connection is held on by another one");
            throw new RpcException(RpcStatusCode.PermissionDenied, "The process that connected has ended; connect again.");
        }

        var entitled = snapshot.Domains.Where(domain => domain.IsSynced).Select(domain => new Entitlement(domain, domain.Entries.Match(_selectors)))
            .Where(part => part.Entries.Count > 0).ToList();
        foreach (var (domain, entries) in entitled)
        {
            _state.Find(domain.TrustDomain.Name)?.Demand.Want(entries.Where(entry => !domain.Svids.ContainsKey(entry.Id)).Select(entry => entry.Id));
        }

        if (entitled.Count > 0)
        {
            return entitled;
        }

        if (snapshot.Domains.FirstOrDefault(domain => !domain.IsSynced) is { } silentDomain)
        {
            var whose = snapshot.Domains.Length > 1 ? $" of {silentDomain.TrustDomain}" : "";
            throw new RpcException(RpcStatusCode.Unavailable, $"The agent has not heard from the control plane{whose} yet; try again.");
        }

        if (_attestation.Silent is { Count: > 0 } silent)
        {
            throw new RpcException(RpcStatusCode.Unavailable, $"The agent cannot tell now what this process is ({string.Join(", ", silent)}); try again.");
        }

        var told = _selectors.Where(selector => !NotTold.Any(kind => selector.StartsWith(kind, StringComparison.Ordinal))).Order(StringComparer.Ordinal).Take(MaxTold);
        _metrics.Attested("no_identity");
        AgentLog.NoIdentity(_logger, Peer.ProcessId, Peer.UserId, string.Join(' ', told));
        throw new RpcException(RpcStatusCode.PermissionDenied, "No identity issued: no registration entry of this node fits this process.");
    }
}
