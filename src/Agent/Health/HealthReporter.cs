using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;
using MeshGrains.Rpc;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Agent.Health;

/// <summary>
/// Tells gRPC health on the socket what readiness says, and as a service of its own whether the control plane is connected: at once when what is served changes,
/// twice a second otherwise.
/// </summary>
internal sealed class HealthReporter(RpcHealth health, AgentHealthReport report, Memberships memberships, TimeProvider time) : BackgroundService
{
    /// <summary>The service by whose name the streams to all control planes are asked for; with <c>/</c> and a trust domain after it, that one's.</summary>
    public const string ControlPlane = "meshgrains.control-plane";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        Report();
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        health.Set(RpcHealth.Server, RpcServingStatus.NotServing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = memberships.First.Served.State.Current.Changed;
            Report();
            using var woken = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(changed, Clock.PauseAsync(time, Period, woken.Token));
            await woken.CancelAsync();
        }
    }

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
