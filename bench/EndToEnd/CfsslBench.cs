namespace MeshGrains.Bench;

/// <summary>The same requests against cfssl, with as many connections as suit it best.</summary>
internal static class CfsslBench
{
    private static readonly int[] ConnectionCounts = [8, 64];

    /// <summary>Certificates a second; null where cfssl is not installed.</summary>
    public static async Task<LoadResult?> RunAsync(string folder, double warmupSeconds, double seconds, CancellationToken cancellationToken)
    {
        if (await CfsslServer.StartAsync(folder, cancellationToken) is not { } server)
        {
            return null;
        }

        await using var process = server.Process;
        LoadResult? best = null;
        foreach (var connections in ConnectionCounts)
        {
            var result = await LoadProcess.RunAsync(
                new LoadPlan
                {
                    Kind = LoadKind.Cfssl,
                    Address = server.Address.ToString(),
                    Connections = connections,
                    InFlight = 1,
                    WarmupSeconds = warmupSeconds,
                    Seconds = seconds,
                    ServerProcess = process.Id,
                    ResultFile = Path.Combine(folder, "cfssl.json"),
                    SerialsFile = Path.Combine(folder, "cfssl.serials"),
                },
                folder, cancellationToken);
            Progress.Say($"cfssl, {connections} connections: {result.PerSecond:0}/s, p99 {result.P99Milliseconds:0.0} ms, CPU: load {result.LoadCpuShare:0%}, server {result.ServerCpuShare:0%}, others {result.OthersCpuShare:0%}");
            if (result.Failed > 0 || result.Invalid > 0)
            {
                throw new InvalidOperationException($"cfssl refused or erred: {result.FirstFailure ?? result.FirstInvalid}");
            }

            best = best is null || result.PerSecond > best.PerSecond ? result : best;
        }

        return best;
    }
}
