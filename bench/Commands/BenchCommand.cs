namespace MeshGrains.Bench;

/// <summary><c>bench</c>: all figures, one flat JSON object.</summary>
internal static class BenchCommand
{
    /// <summary>0 when what was asked for was measured and all that was issued is good; 1 when something is wrong with it.</summary>
    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        using var run = new BenchRun(options, scratch, cluster);
        await run.MeasureAsync(cancellationToken);
        var figures = run.Figures();
        figures.Print(Console.Out);
        figures.Save(options.Json);
        if (run.Fault is { } fault)
        {
            await Console.Error.WriteLineAsync($"The end-to-end run is not good: {fault}.");
            return 1;
        }

        return 0;
    }
}
