using System.Collections.Immutable;

namespace MeshGrains.Agent.Svids;

/// <summary>A registration entry of this agent. Selectors are <c>type:value</c>; all of them have to fit.</summary>
internal sealed record AgentEntry(
    string Id, string SpiffeId, ImmutableArray<string> Selectors, string Hint, ImmutableArray<string> FederatesWith, long CreatedAt, long Revision);
