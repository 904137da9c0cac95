using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>The environment that plants faults into a process of the product (tests/Faults), which knows nothing of them.</summary>
internal static class FaultEnvironment
{
    /// <summary>The layer under SQLite, which a cluster's silos do not have.</summary>
    public const string VfsVariable = "MESH_FAULT_VFS";

    /// <summary>What was not synced is lost at a kill.</summary>
    public static IReadOnlyDictionary<string, string?> DropUnsynced { get; } = With((VfsVariable, "drop-unsynced"));

    /// <summary>Syncs are answered and not done.</summary>
    public static IReadOnlyDictionary<string, string?> NoSync { get; } = With((VfsVariable, "no-sync"));

    /// <summary>The issuance log answers before it records.</summary>
    public static IReadOnlyDictionary<string, string?> RecordAfterReply { get; } = With((VfsVariable, "drop-unsynced"), ("MESH_FAULT_LOG", "record-after-reply"));

    /// <summary>Sequences of foreign bundles guard nothing.</summary>
    public static IReadOnlyDictionary<string, string?> ForgetSequences { get; } = With(("MESH_FAULT_FEDERATION", "forget-sequences"));

    /// <summary>No stored grain state can be read.</summary>
    public static IReadOnlyDictionary<string, string?> RefuseState { get; } = With(("MESH_FAULT_STATE", "refuse"));

    /// <summary>Measured times run a thousand times too slow from this many seconds after the start on.</summary>
    public static IReadOnlyDictionary<string, string?> SlowClock(int afterSeconds)
        => With(("MESH_FAULT_CLOCK_SLOW_AFTER", afterSeconds.ToString(CultureInfo.InvariantCulture)));

    /// <summary>The same and a kill at a named point.</summary>
    public static IReadOnlyDictionary<string, string?> KilledAt(this IReadOnlyDictionary<string, string?> environment, CrashPoint point)
        => point.Name is null
            ? environment
            : new Dictionary<string, string?>(environment) { ["MESH_FAULT_KILL_AT"] = point.Name + ":" + point.Occurrence.ToString(CultureInfo.InvariantCulture) };

    private static Dictionary<string, string?> With(params (string Name, string Value)[] variables)
    {
        var environment = variables.ToDictionary(variable => variable.Name, variable => (string?)variable.Value);
        environment["DOTNET_STARTUP_HOOKS"] = MeshTree.Program("Faults", "MeshGrains.Faults.dll");
        return environment;
    }
}
