namespace MeshGrains.Grains;

/// <summary>A trust-bearing record failed its authentication, or went back in time. It is refused and alarmed, never repaired in silence.</summary>
public sealed class RecordTamperedException(string recordKey, string message) : Exception($"{recordKey}: {message}")
{
    public string RecordKey { get; } = recordKey;
}
