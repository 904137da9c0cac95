namespace MeshGrains.Grains;

/// <summary>A trust-bearing record failed its authentication, or went back in time. It is refused and alarmed, never repaired in silence.</summary>
public sealed class RecordTamperedException : Exception
{
    public RecordTamperedException(string recordKey, string message)
        : base($"{recordKey}: {message}")
    {
        RecordKey = recordKey;

        // Here, so that no place that refuses a record can leave it out.
        RecordInstruments.Refused();
    }

    public string RecordKey { get; }
}
