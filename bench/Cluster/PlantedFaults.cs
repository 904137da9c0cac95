using System.Collections.Concurrent;

namespace MeshGrains.Bench;

/// <summary>What is planted into a silo at its next start: a fault of tests/Faults, or flags that take a guard out.</summary>
internal sealed class PlantedFaults
{
    private readonly ConcurrentDictionary<string, MemberTuning> _tunings = new(StringComparer.Ordinal);

    public MemberTuning Of(string name) => _tunings.GetValueOrDefault(name, MemberTuning.None);

    public void Plant(string silo, MemberTuning tuning) => _tunings[silo] = tuning;

    public void Remove(string silo) => _tunings.TryRemove(silo, out _);

    /// <summary>No stored grain state can be read.</summary>
    public static MemberTuning RefuseState { get; } = new() { Environment = FaultEnvironment.RefuseState };

    /// <summary>In the reason that such a silo gives.</summary>
    public const string RefusedState = "this version cannot read the stored";

    /// <summary>The issuance log answers before it records.</summary>
    public static MemberTuning RecordAfterReply { get; } = new()
    {
        Environment = FaultEnvironment.RecordAfterReply.Where(variable => variable.Key != FaultEnvironment.VfsVariable)
            .ToDictionary(variable => variable.Key, variable => variable.Value),
    };
}
