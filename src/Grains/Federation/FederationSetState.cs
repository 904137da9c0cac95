using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored list of foreign trust domains, by name.</summary>
public sealed record FederationSetState : StoredForm
{
    public long Number { get; init; }

    public ImmutableArray<FederationSetMember> Members { get; init; } = [];

    public string? OperationId { get; init; }
}
