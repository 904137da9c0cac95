namespace MeshGrains.Grains;

/// <summary>The stored state of a maintenance shard.</summary>
public sealed record MaintenanceState : StoredForm
{
    /// <summary>When the next piece of work is due; null: now.</summary>
    public DateTimeOffset? NextAt { get; init; }

    /// <summary>The entry id after which it goes on; null: from the shard's first.</summary>
    public string? After { get; init; }

    public string? OperationId { get; init; }
}
