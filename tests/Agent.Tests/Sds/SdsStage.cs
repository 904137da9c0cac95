using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Sds;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.Sds;

/// <summary>What an SDS stream stands on, without a socket: a state with one identity, and this process as the caller.</summary>
internal sealed class SdsStage : IDisposable
{
    private readonly PeerProcess _peer = new(Environment.ProcessId, 0, 0, Native.PidfdOpen(Environment.ProcessId), null);

    public SdsStage(params string[] entries)
    {
        State = new AgentState(Ca.TrustDomain, Ca.Bundle(0));
        Node = new NodeState(new ServedDomain(State, Consumers, new SvidDemand()));
        State.Apply(new AgentUpdate { Bundles = { Ca.Wire(1) } });
        foreach (var id in entries.Length == 0 ? ["app"] : entries)
        {
            Add(id);
        }
    }

    public MeshCa Ca { get; } = new();

    public AgentState State { get; }

    public NodeState Node { get; }

    public BundleConsumers Consumers { get; } = new();

    public AgentMetrics Metrics { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public Lines Log { get; } = new();

    public void Add(string id)
    {
        State.Apply(new AgentUpdate { Entries = { new Entry { Id = id, SpiffeId = IdOf(id), CreatedAt = State.Current.Entries.Entries.Count, Selectors = { new Selector { Type = "unix", Value = "uid:1" } } } } });
        Renew(id);
    }

    public void Renew(string id) => State.Put([Ca.Issue(id, IdOf(id))]);

    public string IdOf(string id) => $"spiffe://{Ca.TrustDomain}/{id}";

    public SecretSession Session() => new(
        new Caller(_peer, Attestation.Of(new HashSet<string> { "unix:uid:1" }), Node, Metrics, Log), Node, new AgentConfiguration(), Metrics, Time, Log);

    public SecretSet Secrets(bool spiffeValidator = true) => new(View(), new SdsOptions(), spiffeValidator);

    public WorkloadView View() => WorkloadView.Of(Node.Current, [new Entitlement(State.Current, State.Current.Entries.Match(new HashSet<string> { "unix:uid:1" }))]);

    public void Dispose() => _peer.Dispose();
}
