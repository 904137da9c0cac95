using System.Diagnostics;
using System.Security.Cryptography;

namespace MeshGrains.Bench;

/// <summary>From the spawn of a silo with existing state to the first certificate over gRPC, and memory when idle.</summary>
internal static class StartBench
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="setup">The silo; its data directory may hold state already.</param>
    /// <param name="token">A service account's token.</param>
    /// <param name="starts">How many starts are measured.</param>
    /// <param name="cancellationToken">Ends the measurement.</param>
    public static async Task<StartFigures> RunAsync(SiloSetup setup, string token, int starts, CancellationToken cancellationToken)
    {
        var call = new Call(Hpack.Bearer(token), IstioMessages.Request(CertificateRequests.Make(1)[0]), 0);

        // Makes the state when there is none.
        var idle = await IdleMegabytesAsync(setup, call, Idle, cancellationToken);
        var seconds = new List<double>();
        for (var i = 0; i < starts; i++)
        {
            seconds.Add(await OnceAsync(setup, call, cancellationToken));
        }

        return new StartFigures(Statistics.Median(seconds), idle);
    }

    /// <summary>Seconds from spawn to the first certificate.</summary>
    private static async Task<double> OnceAsync(SiloSetup setup, Call call, CancellationToken cancellationToken)
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
    private static async Task<double> IdleMegabytesAsync(SiloSetup setup, Call call, TimeSpan idle, CancellationToken cancellationToken)
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
