using System.Collections.Immutable;
using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Domains;

/// <summary>What the agent holds of all its trust domains at one moment, the first one first. They lie beside each other: nothing of one is looked for in another.</summary>
internal sealed class NodeSnapshot(ImmutableArray<AgentSnapshot> domains)
{
    private readonly TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ImmutableArray<AgentSnapshot> Domains => domains;

    /// <summary>Completes when there is a newer one.</summary>
    public Task Changed => _changed.Task;

    /// <summary>Null for a trust domain that this agent is not in.</summary>
    public AgentSnapshot? Find(string trustDomain) => domains.FirstOrDefault(domain => domain.TrustDomain.Name == trustDomain);

    public bool HasBundlesOf(NodeSnapshot other) => domains.Select(domain => domain.BundleNumber).SequenceEqual(other.Domains.Select(domain => domain.BundleNumber));

    internal void Supersede() => _changed.TrySetResult();
}
