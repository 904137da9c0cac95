namespace MeshGrains.Grains;

/// <summary>What a home remembers of a member cluster: its last report and when it came.</summary>
public sealed record MemberClusterState : StoredForm
{
    public DateTimeOffset? HeardAt { get; init; }

    public ClusterReport? Report { get; init; }

    public string? OperationId { get; init; }
}
