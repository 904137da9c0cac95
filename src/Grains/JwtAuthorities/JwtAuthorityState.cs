using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored state of a cluster's JWT authorities, oldest first.</summary>
public sealed record JwtAuthorityState : StoredForm
{
    public ImmutableArray<JwtAuthorityRecord> Authorities { get; init; } = [];

    public string? OperationId { get; init; }
}
