using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>
/// How the root's rotation stands. <paramref name="Rotation"/> is the one under way or the last one; absent when there was none. <paramref name="Gates"/>
/// are those of its present phase, and <paramref name="EstimatedPhaseEnd"/> is when the last of them opens, absent where nobody can tell.
/// <paramref name="ChainsToLeavingRoot"/> counts live certificates, absent when they could not be counted; <paramref name="Trouble"/> says what could
/// not be asked. <paramref name="Forced"/> is there in the answer to an order to pass the gates by: those that were shut at that moment.
/// </summary>
internal sealed record RotationStatusView(
    string TrustDomain,
    long BundleNumber,
    DateTimeOffset Now,
    RotationItem? Rotation,
    IReadOnlyList<RotationGateItem> Gates,
    IReadOnlyList<string> NotAcknowledged,
    long? ChainsToLeavingRoot,
    DateTimeOffset? EstimatedPhaseEnd,
    string? Trouble,
    IReadOnlyList<RotationGateItem>? Forced = null);

/// <summary>
/// One rotation. <paramref name="LeavingRoot"/> and <paramref name="StayingRoot"/> are authority ids; one is absent while the next root is being made.
/// <paramref name="WaitsForBundle"/> is the bundle number that the phase waits for everyone to hold.
/// </summary>
internal sealed record RotationItem(
    string Id,
    RotationPhase Phase,
    DateTimeOffset PhaseSince,
    long PhaseSeconds,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    string? LeavingRoot,
    string? StayingRoot,
    long WaitsForBundle,
    DateTimeOffset? ServedEverywhereAt,
    bool Paused,
    bool RolledBack,
    bool Compromised,
    int ReissueOverSeconds,
    bool ForcePending,
    IReadOnlyList<RotationEventItem> Events)
{
    public static RotationItem Of(RotationView view, DateTimeOffset now) => new(
        view.RotationId, view.Phase, view.PhaseSince, Math.Max(0, (long)((view.EndedAt ?? now) - view.PhaseSince).TotalSeconds), view.StartedAt, view.EndedAt,
        Known(view.LeavingAuthorityId), Known(view.StayingAuthorityId), view.Number, view.ServedEverywhereAt, view.Paused, view.RolledBack, view.Compromised,
        view.ReissueOverSeconds, view.ForcePending,
        [.. view.Events.Select(one => new RotationEventItem(one.At, one.Kind, one.Phase, one.Actor, one.Detail))]);

    private static string? Known(string authorityId) => authorityId.Length == 0 ? null : authorityId;
}

/// <summary>One line of a rotation's history.</summary>
internal sealed record RotationEventItem(DateTimeOffset At, RotationEventKind Event, RotationPhase Phase, string Actor, string Detail);

/// <summary>One gate: <paramref name="Waits"/> counts what is missing, <paramref name="Missing"/> names the first of it.</summary>
internal sealed record RotationGateItem(string Name, bool Open, long Waits, IReadOnlyList<string> Missing, string Detail, DateTimeOffset? OpensBy)
{
    public static RotationGateItem Of(RotationGate gate) => new(gate.Name, gate.IsOpen, gate.Waits, [.. gate.Names], gate.Detail, gate.OpensBy);
}
