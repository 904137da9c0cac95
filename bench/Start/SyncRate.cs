using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>How often a second the disk makes a small append durable.</summary>
internal static class SyncRate
{
    private const int AppendBytes = 4096;

    /// <summary>fdatasync calls a second after an append each, one at a time.</summary>
    public static double Measure(string folder, TimeSpan duration)
    {
        var file = Path.Combine(folder, "sync.probe");
        using var handle = File.OpenHandle(file, FileMode.Create, FileAccess.Write);
        var block = new byte[AppendBytes];
        var clock = Stopwatch.StartNew();
        var count = 0;
        for (; clock.Elapsed < duration; count++)
        {
            RandomAccess.Write(handle, block, (long)count * AppendBytes);
            DiskSync.DataSync(handle);
        }

        return count / clock.Elapsed.TotalSeconds;
    }
}
