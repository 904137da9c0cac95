using MeshGrains.Rpc;
using Microsoft.Extensions.Hosting;

namespace MeshGrains.Gateway.Health;

/// <summary>Tells the gRPC health service each second what readiness says, for the server and for Istio's CA.</summary>
internal sealed class HealthReporter(RpcHealth health, IEnumerable<IReadinessCheck> checks, TimeProvider time) : IHostedService, IDisposable
{
    private const string IstioService = "istio.v1.auth.IstioCertificateService";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly IReadinessCheck[] _checks = [.. checks];
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
        Set(RpcServingStatus.NotServing);
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Report() => Set(_checks.All(check => check.NotReadyReason is null) ? RpcServingStatus.Serving : RpcServingStatus.NotServing);

    private void Set(RpcServingStatus status)
    {
        health.Set(RpcHealth.Server, status);
        health.Set(IstioService, status);
    }
}
