using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored state of one shard of the roster, its agents in the order of their ids.</summary>
public sealed record AgentRosterState : StoredForm
{
    public ImmutableArray<RosteredAgent> Agents { get; init; } = [];

    public string? OperationId { get; init; }
}
