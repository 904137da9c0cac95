namespace MeshGrains.Grains;

/// <summary>A compare-and-swap lost: the record is not at the version that the writer saw, or a unique twin exists. Re-read and decide again.</summary>
public sealed class RecordConflictException(string recordKey, string message) : Exception($"{recordKey}: {message}")
{
    public string RecordKey { get; } = recordKey;
}
