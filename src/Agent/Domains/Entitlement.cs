using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Domains;

/// <summary>What a process is entitled to in one trust domain: at least one entry, the oldest first.</summary>
internal sealed record Entitlement(AgentSnapshot Domain, IReadOnlyList<AgentEntry> Entries);
