using System.Diagnostics;
using System.Security.Cryptography;

namespace MeshGrains.Bench;

/// <summary>From the spawn of a silo with existing state to the first certificate over gRPC, and memory when idle.</summary>
internal static class StartBench
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Seconds from spawn to the first certificate.</summary>
    public static async Task<double> OnceAsync(SiloSetup setup, Call call, CancellationToken cancellationToken)
    {
        await using var silo = await SiloProcess.StartAsync(setup, cancellationToken);
        var target = silo.Target();
        await Waiting.ForAsync(
            "Waiting for the first certificate", silo.Process,
            async cancel => await SingleCall.TryAsync(target, call, cancel) is { Status: CallOutcome.Ok } done ? done : null, Patience, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(silo.Started).TotalSeconds;
        Progress.Say($"start to first certificate: {seconds:0.00} s");
        await silo.Process.StopAsync(TimeSpan.FromSeconds(10));
        return seconds;
    }

    /// <summary>Resident memory of a silo that has issued one certificate and then had nothing to do, in MB.</summary>
    public static async Task<double> IdleMegabytesAsync(SiloSetup setup, Call call, TimeSpan idle, CancellationToken cancellationToken)
    {
        await using var silo = await SiloProcess.StartAsync(setup, cancellationToken);
        await silo.UntilReadyAsync(cancellationToken);
        var first = await SingleCall.TryAsync(silo.Target(), call, cancellationToken);
        if (first.Status != CallOutcome.Ok)
        {
            throw new CryptographicException($"The silo gave no certificate: status {first.Status} {first.StatusMessage}");
        }

        await Task.Delay(idle, cancellationToken);
        var megabytes = ProcessStat.ResidentMegabytes(silo.Process.Id);
        await silo.Process.StopAsync(TimeSpan.FromSeconds(10));
        return megabytes;
    }
}
