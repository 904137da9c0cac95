using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A root's rotation as stored. The next root is <see cref="NextKeyName"/>'s; its authority id is known once its certificate's bytes are fixed.
/// After a rollback the next root is the leaving one.
/// </summary>
public sealed record RootRotation : StoredForm
{
    public required string Id { get; init; }

    public required RotationPhase Phase { get; init; }

    /// <summary>The authority id of the root that was active when it began.</summary>
    public required string FormerAuthorityId { get; init; }

    public required string NextKeyName { get; init; }

    public string? NextAuthorityId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset PhaseSince { get; init; }

    /// <summary>The bundle number that the present phase waits for everyone to hold; 0 while the root is being made.</summary>
    public long Number { get; init; }

    /// <summary>When every silo was first seen to serve <see cref="Number"/>; the lag of outside readers counts from here.</summary>
    public DateTimeOffset? ServedEverywhereAt { get; init; }

    public bool Paused { get; init; }

    public bool RolledBack { get; init; }

    public bool Compromised { get; init; }

    /// <summary>Over how many seconds agents replace what chains to the leaving root, from the drain's beginning on; 0: each at its half life.</summary>
    public int ReissueOverSeconds { get; init; }

    /// <summary>An operator's order to pass the gates of the present phase by, carried out with the next facts.</summary>
    public string? ForcedBy { get; init; }

    public string? ForceReason { get; init; }

    public ImmutableArray<RotationEvent> Events { get; init; } = [];

    public DateTimeOffset? EndedAt { get; init; }
}
