using Orleans;

namespace MeshGrains.Silo;

/// <summary>What this process knows of the membership table: its highest version, and when it last answered.</summary>
internal sealed class ClusterView(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _answered = time.GetTimestamp();
    private int _highest;
    private string? _failure;

    /// <summary>The highest version ever read or written here.</summary>
    public int HighestVersion => Volatile.Read(ref _highest);

    /// <summary>Since the table last answered.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Volatile.Read(ref _answered));

    /// <summary>Why the last call failed; null when it did not.</summary>
    public string? Failure => Volatile.Read(ref _failure);

    public void Answered(TableVersion version)
    {
        lock (_gate)
        {
            Volatile.Write(ref _answered, time.GetTimestamp());
            Volatile.Write(ref _failure, null);
            if (version.Version > _highest)
            {
                Volatile.Write(ref _highest, version.Version);
            }
        }
    }

    public void Failed(string reason) => Volatile.Write(ref _failure, reason);
}
