using System.Runtime.InteropServices;

namespace MeshGrains.LocalCluster;

/// <summary>The process behind <c>./mesh cluster up</c>: runs the cluster of a folder until it is told to stop or gets SIGTERM.</summary>
internal sealed class Supervisor(ClusterFolder folder, ClusterPlan plan) : IDisposable
{
    /// <summary>How long a failed start can be asked about.</summary>
    private static readonly TimeSpan FaultIsTold = TimeSpan.FromSeconds(3);

    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _starting = new();
    private volatile string _phase = ClusterStatus.Starting;
    private volatile string? _fault;
    private volatile MeshCluster? _cluster;

    /// <summary>0 when it was stopped; 1 when the cluster could not be started.</summary>
    public async Task<int> RunAsync()
    {
        await using var held = new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => signal.Cancel = true);
        await using var control = new ControlServer(folder.Control, AnswerAsync);
        if (Orphans.End(folder) is > 0 and var left)
        {
            Tell($"ended {left} processes of a supervisor that was killed");
        }

        try
        {
            await MeshCluster.StartAsync(plan.Setup(folder, Tell), _starting.Token, cluster => _cluster = cluster);
            _phase = ClusterStatus.Running;
            Tell("all processes are ready");
            await _stop.Task;
        }
        catch (OperationCanceledException)
        {
            // Stopped before it was ready.
            return 0;
        }
        catch (Exception failure) when (failure is TimeoutException or InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            _cluster = null;
            (_fault, _phase) = (failure.Message, ClusterStatus.Failed);
            Tell(failure.Message);
            await Task.WhenAny(_stop.Task, Task.Delay(FaultIsTold));
            return 1;
        }

        _phase = ClusterStatus.Stopping;
        Tell("stopping");
        await _cluster!.StopAsync();
        await _cluster.DisposeAsync();
        File.Delete(folder.Processes);
        Tell("stopped");
        return 0;
    }

    public void Dispose() => _starting.Dispose();

    private void OnSignal(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Stop();
    }

    private void Stop()
    {
        if (_phase == ClusterStatus.Starting)
        {
            _starting.Cancel();
        }

        _stop.TrySetResult();
    }

    private async Task<ControlAnswer> AnswerAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        switch (request.Do)
        {
            case ControlRequest.Status:
                return await StatusAsync(null, cancellationToken);
            case ControlRequest.Stop:
                var status = await StatusAsync(null, cancellationToken);
                Stop();
                return status;
            case ControlRequest.Scale when _phase != ClusterStatus.Running:
                return await StatusAsync($"The cluster is {_phase}; scale it when it runs.", cancellationToken);
            case ControlRequest.Scale when request.Silos is < 1 or > ClusterCommand.MaxSilos:
                return await StatusAsync($"Give 1 to {ClusterCommand.MaxSilos} silos.", cancellationToken);
            case ControlRequest.Scale:
                try
                {
                    Tell($"scaling to {request.Silos} silos");
                    await _cluster!.ScaleAsync(request.Silos, cancellationToken);
                    (plan with { Silos = request.Silos }).Write(folder);
                    return await StatusAsync(null, cancellationToken);
                }
                catch (Exception failure) when (failure is TimeoutException or InvalidOperationException or IOException)
                {
                    return await StatusAsync(failure.Message, cancellationToken);
                }

            default:
                return new ControlAnswer($"There is no '{request.Do}'.", null);
        }
    }

    private async Task<ControlAnswer> StatusAsync(string? error, CancellationToken cancellationToken)
        => new(error, await ClusterStatus.OfAsync(_phase, _fault, plan.TrustDomain, _cluster, cancellationToken));

    private static void Tell(string text) => Console.Out.WriteLine($"{DateTimeOffset.UtcNow:HH:mm:ss} {text}");
}
