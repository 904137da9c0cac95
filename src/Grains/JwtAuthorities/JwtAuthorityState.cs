using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored state of a cluster's JWT authorities, oldest first.</summary>
public sealed record JwtAuthorityState : StoredForm
{
    public ImmutableArray<JwtAuthorityRecord> Authorities { get; init; } = [];

    /// <summary>The key that an operator ordered a successor of, with the order's id, reason and author; it says nothing once another key is active.</summary>
    public string? SucceedKeyId { get; init; }

    public string? SucceedOperationId { get; init; }

    public string? SucceedReason { get; init; }

    public string? SucceedBy { get; init; }

    public string? OperationId { get; init; }
}
