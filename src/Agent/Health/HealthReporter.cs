using MeshGrains.Rpc;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Agent.Health;

/// <summary>Tells gRPC health on the socket, twice a second, what readiness says, and as a service of its own whether the control plane is connected.</summary>
internal sealed class HealthReporter(RpcHealth health, AgentHealthReport report, TimeProvider time) : IHostedService, IDisposable
{
    /// <summary>The service by whose name the streams to all control planes are asked for; with <c>/</c> and a trust domain after it, that one's.</summary>
    public const string ControlPlane = "meshgrains.control-plane";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);
    private ITimer? _timer;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        Report();
        _timer = time.CreateTimer(static state => ((HealthReporter)state!).Report(), this, Period, Period);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        health.Set(RpcHealth.Server, RpcServingStatus.NotServing);
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Report()
    {
        health.Set(RpcHealth.Server, report.NotReadyReason is null ? RpcServingStatus.Serving : RpcServingStatus.NotServing);
        health.Set(ControlPlane, report.Trouble.Length == 0 ? RpcServingStatus.Serving : RpcServingStatus.NotServing);
        foreach (var (trustDomain, trouble) in report.Troubles)
        {
            health.Set($"{ControlPlane}/{trustDomain}", trouble.Length == 0 ? RpcServingStatus.Serving : RpcServingStatus.NotServing);
        }
    }
}
