using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>Notes when the files of a folder change, by the link that an agent replaces; right after it the proxy is told to read them again.</summary>
internal sealed class ReloadWatch : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<long> _moments = [];
    private readonly Task _running;

    /// <summary>What changes from when this returns is seen.</summary>
    public ReloadWatch(IReadOnlyList<string> folders)
    {
        var known = folders.ToDictionary(folder => folder, Link);
        _running = Task.Run(() => WatchAsync(known));
    }

    /// <summary>In their order (<see cref="Stopwatch.GetTimestamp"/>).</summary>
    public IReadOnlyList<long> Moments
    {
        get
        {
            lock (_moments)
            {
                return [.. _moments];
            }
        }
    }

    /// <summary>The fewest of <paramref name="moments"/> within <paramref name="around"/> before or after a reload; null without a reload that they surround.</summary>
    public static int? Fewest(IReadOnlyList<long> reloads, IReadOnlyList<long> moments, TimeSpan around)
    {
        if (moments.Count == 0)
        {
            return null;
        }

        var sorted = moments.Order().ToArray();
        var reach = (long)(around.TotalSeconds * Stopwatch.Frequency);
        var counts = reloads.Where(reload => reload - reach >= sorted[0] && reload + reach <= sorted[^1]).Select(reload => Below(reload + reach) - Below(reload - reach)).ToList();
        return counts.Count == 0 ? null : counts.Min();

        int Below(long moment) => Array.BinarySearch(sorted, moment) is var at && at >= 0 ? at : ~at;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private static string? Link(string folder) =>
        Directory.EnumerateFileSystemEntries(folder, "..*").Select(path => new FileInfo(path).LinkTarget).FirstOrDefault(target => target is not null);

    private async Task WatchAsync(Dictionary<string, string?> known)
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var folder in known.Keys)
            {
                // A listing may miss the link at the moment at which it is replaced.
                if (Link(folder) is { } now && now != known[folder])
                {
                    known[folder] = now;
                    lock (_moments)
                    {
                        _moments.Add(Stopwatch.GetTimestamp());
                    }
                }
            }

            await Pausing.ForAsync(Look, _stop.Token);
        }
    }
}
