using System.Diagnostics;
using MeshGrains.Testing;

namespace MeshGrains.Bench.Tests.Rotation;

public sealed class ReloadWatchTests
{
    private static readonly TimeSpan Around = TimeSpan.FromSeconds(1);

    [Fact]
    public void The_fewest_handshakes_around_a_reload_are_counted_and_reloads_at_the_edge_are_not()
    {
        var moments = Seconds(0, 0.5, 1, 1.5, 2, 2.5, 3, 5, 8, 10);

        Assert.Equal(1, ReloadWatch.Fewest(Seconds(1.5, 5), moments, Around));
        Assert.Equal(4, ReloadWatch.Fewest(Seconds(1.5), moments, Around));
        Assert.Null(ReloadWatch.Fewest(Seconds(0.5, 9.5), moments, Around));
        Assert.Null(ReloadWatch.Fewest(Seconds(1), [], Around));
    }

    [Fact]
    public async Task A_link_that_is_replaced_is_a_reload()
    {
        using var folder = new TempDirectory();
        var link = folder.File("..data");
        File.CreateSymbolicLink(link, "one");
        await using var watch = new ReloadWatch([folder.FullPath]);
        File.CreateSymbolicLink(folder.File("next"), "two");
        File.Move(folder.File("next"), link, overwrite: true);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (watch.Moments.Count == 0)
        {
            Assert.False(patience.IsCancellationRequested, "the change was not seen");
            await Task.Delay(20);
        }

        Assert.Single(watch.Moments);
    }

    private static long[] Seconds(params double[] moments) => [.. moments.Select(moment => (long)(moment * Stopwatch.Frequency))];
}
