using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The stored state of a cluster CA.</summary>
public sealed record ClusterCaState : StoredForm
{
    public ImmutableArray<IssuingCaRecord> IssuingCas { get; init; } = [];

    public string? OperationId { get; init; }

    /// <summary>When it is to be looked again whether something has ended; reminders and watchdogs only ask whether that is now.</summary>
    public DateTimeOffset? NextSweepAt { get; init; }
}
