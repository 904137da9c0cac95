using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored state of a cluster CA.</summary>
public sealed record ClusterCaState
{
    public ImmutableArray<IssuingCaRecord> IssuingCas { get; init; } = [];

    public string? OperationId { get; init; }
}
