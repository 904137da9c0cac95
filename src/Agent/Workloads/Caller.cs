using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Rpc;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Agent.Workloads;

/// <summary>A process that was attested for one call, and what it is entitled to.</summary>
internal sealed class Caller(PeerProcess peer, IReadOnlySet<string> selectors, ILogger logger)
{
    private const int MaxTold = 20;

    public PeerProcess Peer => peer;

    /// <summary>The entries that fit it now.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: the agent knows no entries yet, or the process has ended. PERMISSION_DENIED: none fits.</exception>
    public IReadOnlyList<AgentEntry> Entries(AgentSnapshot snapshot)
    {
        if (!peer.IsAlive)
        {
            throw new RpcException(RpcStatusCode.PermissionDenied, "The process that connected has ended; connect again.");
        }

        if (!snapshot.IsSynced)
        {
            throw new RpcException(RpcStatusCode.Unavailable, "The agent has not heard from the control plane yet; try again.");
        }

        var entries = snapshot.Entries.Match(selectors);
        if (entries.Count > 0)
        {
            return entries;
        }

        AgentLog.NoIdentity(logger, peer.ProcessId, peer.UserId, string.Join(' ', selectors.Order(StringComparer.Ordinal).Take(MaxTold)));
        throw new RpcException(RpcStatusCode.PermissionDenied, "No identity issued: no registration entry of this node fits this process.");
    }
}
