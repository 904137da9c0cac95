using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.Domains;

/// <summary>An agent's state in two trust domains, and this process as the caller, whose one selector is <c>unix:uid:1</c>.</summary>
internal sealed class DomainStage : IDisposable
{
    public const string Selector = "unix:uid:1";

    private readonly PeerProcess _peer = new(Environment.ProcessId, 0, 0, Native.PidfdOpen(Environment.ProcessId), null);
    private long _created;

    public DomainStage()
    {
        Old = new ServedDomain(new AgentState(OldCa.TrustDomain, OldCa.Bundle(0)), new BundleConsumers(), new SvidDemand());
        New = new ServedDomain(new AgentState(NewCa.TrustDomain, NewCa.Bundle(0)), new BundleConsumers(), new SvidDemand());
        Node = new NodeState(Old, New);
        Caller = new Caller(_peer, Attestation.Of(new HashSet<string> { Selector }), Node, Clues.Metrics, Clues);
    }

    public MeshCa OldCa { get; } = new("old.mesh");

    public MeshCa NewCa { get; } = new("new.mesh");

    public ServedDomain Old { get; }

    public ServedDomain New { get; }

    public NodeState Node { get; }

    public Caller Caller { get; }

    public Clues<Caller> Clues { get; } = new();

    public WorkloadView View => WorkloadView.Of(Node.Current, Caller.Entries(Node.Current));

    /// <summary>The control plane was heard: it has sent all there is.</summary>
    public static void Sync(ServedDomain domain) => domain.State.Apply(new AgentUpdate());

    /// <summary>An entry of the caller; later ones are younger.</summary>
    public void Entry(ServedDomain domain, string id, string hint = "", bool hasSvid = true, params string[] federatesWith)
    {
        var entry = new Entry
        {
            Id = id, SpiffeId = $"spiffe://{domain.State.TrustDomain}/{id}", Hint = hint, CreatedAt = ++_created,
            Selectors = { new Selector { Type = "unix", Value = "uid:1" } }, FederatesWith = { federatesWith },
        };
        domain.State.Apply(new AgentUpdate { Entries = { entry } });
        if (hasSvid)
        {
            Renew(domain, id);
        }
    }

    public void Renew(ServedDomain domain, string id) =>
        domain.State.Put([(domain == Old ? OldCa : NewCa).Issue(id, $"spiffe://{domain.State.TrustDomain}/{id}")]);

    public void Dispose() => _peer.Dispose();
}
