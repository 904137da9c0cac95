using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Domains;

/// <summary>What those who serve workloads need of one trust domain: what is held, who was given its bundle, and whose certificates somebody waits for.</summary>
internal sealed record ServedDomain(AgentState State, BundleConsumers Consumers, SvidDemand Demand);
