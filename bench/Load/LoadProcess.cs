namespace MeshGrains.Bench;

/// <summary>Runs a load plan in a process of its own.</summary>
internal static class LoadProcess
{
    /// <summary>The subcommand of this program that runs a plan.</summary>
    public const string Command = "load";

    public static async Task<LoadResult> RunAsync(LoadPlan plan, string folder, CancellationToken cancellationToken)
    {
        var planFile = Path.Combine(folder, $"{plan.Kind}-plan.json");
        plan.Write(planFile);
        await ChildProcess.ReadAsync(Path.Combine(AppContext.BaseDirectory, "MeshGrains.Bench"), [Command, planFile], cancellationToken);
        return LoadResult.Read(plan.ResultFile);
    }
}
