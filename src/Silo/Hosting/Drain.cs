using MeshGrains.Gateway;

namespace MeshGrains.Silo;

/// <summary>
/// Between the signal to stop and the stop: not ready any more, still serving, until balancers have noticed. Only then do listeners close and the
/// silo leaves its cluster. So does a gateway that runs alone. A silo that restarts because its membership is gone does not wait.
/// </summary>
internal sealed partial class Drain(
    TimeSpan delay, IHostApplicationLifetime lifetime, SiloFate fate, TimeProvider time, ILogger<Drain> logger) : IHostedLifecycleService, IReadinessCheck
{
    public static readonly TimeSpan ClusterDefault = TimeSpan.FromSeconds(5);

    // A signal raises the lifetime's token first; a host that is stopped by its owner does so only after the drain.
    private volatile bool _draining;

    public string Name => "stop";

    public string? NotReadyReason => _draining || lifetime.ApplicationStopping.IsCancellationRequested ? "This process is stopping." : null;

    /// <summary>Runs before anything is stopped; new calls are still served.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (delay == TimeSpan.Zero || fate.IsRestarting)
        {
            return;
        }

        _draining = true;
        LogDraining(logger, delay.TotalSeconds);
        try
        {
            await Task.Delay(delay, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The time for the whole stop is up: what is left has to go on without waiting.
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(EventId = 601, Level = LogLevel.Information, Message = "Stopping: not ready any more, and serving for another {Seconds:0.#} s.")]
    private static partial void LogDraining(ILogger logger, double seconds);
}
