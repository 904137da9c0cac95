namespace MeshGrains.Cli;

/// <summary>The facts of the trust graph in words, the same in text and picture.</summary>
internal static class TrustWords
{
    public static string Left(long seconds) => seconds < 0 ? $"ENDED {Durations.Format(TimeSpan.FromSeconds(-seconds))} ago" : $"ends in {Durations.Format(TimeSpan.FromSeconds(seconds))}";

    public static string Ends(DateTimeOffset at, long seconds) => $"{Left(seconds)} ({Printable.Of(at)})";

    public static string Of(TrustSiloItem silo) => $"{silo.Silo}: {(silo.BundleNumber is { } number ? $"bundle {number}" : "has not told its bundle")}{(silo.Behind > 0 ? $", {silo.Behind} BEHIND" : "")}";

    public static string Of(TrustAgentsItem agents) => agents.Behind == 0
        ? $"{agents.Live} live, all hold the newest bundle"
        : $"{agents.Live} live, {agents.Behind} BEHIND the newest bundle";

    public static string? Of(TrustRotationItem? rotation) => rotation is null ? null
        : rotation.Phase == RotationPhases.Done
            ? $"the last one {(rotation.RolledBack ? "was rolled back" : "was done")} {Printable.Of(rotation.PhaseSince)}"
            : $"{rotation.Phase} since {Printable.Of(rotation.PhaseSince)}{(rotation.RolledBack ? ", on the way back" : "")}{(rotation.Paused ? ", PAUSED" : "")}";

    public static string Fetched(TrustPeerItem peer) => peer.LagSeconds is { } lag
        ? $"fetched {Durations.Format(TimeSpan.FromSeconds(lag))} ago"
        : "NEVER fetched";

    public static string Sequence(TrustPeerItem peer) => peer.Sequence is { } sequence ? $"sequence {sequence}" : "no sequence";
}
