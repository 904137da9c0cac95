namespace MeshGrains.Cli;

/// <summary>How the root's rotation stands; <paramref name="Rotation"/> is null when there never was one.</summary>
internal sealed record RotationStatusView(
    string TrustDomain,
    long BundleNumber,
    DateTimeOffset Now,
    RotationItem? Rotation,
    IReadOnlyList<RotationGateItem>? Gates,
    IReadOnlyList<string>? NotAcknowledged,
    long? ChainsToLeavingRoot,
    DateTimeOffset? EstimatedPhaseEnd,
    string? Trouble,
    IReadOnlyList<RotationGateItem>? Forced);

internal sealed record RotationItem(
    string Id,
    string Phase,
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
    IReadOnlyList<RotationEventItem>? Events);

internal sealed record RotationEventItem(DateTimeOffset At, string Event, string Phase, string Actor, string Detail);

internal sealed record RotationGateItem(string Name, bool Open, long Waits, IReadOnlyList<string>? Missing, string Detail, DateTimeOffset? OpensBy);
