using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A rotation as the rest of the silo sees it. <paramref name="NextAuthorityId"/> is empty while the next root is being made. <paramref name="Number"/>
/// is the bundle number that the phase waits for.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.RotationView")]
public sealed record RotationView(
    [property: Id(0)] string RotationId,
    [property: Id(1)] RotationPhase Phase,
    [property: Id(2)] string FormerAuthorityId,
    [property: Id(3)] string NextAuthorityId,
    [property: Id(4)] DateTimeOffset StartedAt,
    [property: Id(5)] DateTimeOffset PhaseSince,
    [property: Id(6)] long Number,
    [property: Id(7)] DateTimeOffset? ServedEverywhereAt,
    [property: Id(8)] bool Paused,
    [property: Id(9)] bool RolledBack,
    [property: Id(10)] bool Compromised,
    [property: Id(11)] int ReissueOverSeconds,
    [property: Id(12)] bool ForcePending,
    [property: Id(13)] ImmutableArray<RotationEvent> Events,
    [property: Id(14)] DateTimeOffset? EndedAt)
{
    /// <summary>Whether it is under way.</summary>
    public bool IsRunning => Phase != RotationPhase.Done;

    /// <summary>The root that goes; empty while that is the next one and it has not been made.</summary>
    public string LeavingAuthorityId => RolledBack ? NextAuthorityId : FormerAuthorityId;

    public string StayingAuthorityId => RolledBack ? FormerAuthorityId : NextAuthorityId;
}
