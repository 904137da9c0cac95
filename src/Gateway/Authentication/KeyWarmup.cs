using Microsoft.Extensions.Hosting;

namespace MeshGrains.Gateway;

/// <summary>Asks for every issuer's keys when the process starts, and does not wait for them: an issuer that is down delays nothing.</summary>
internal sealed class KeyWarmup(KubernetesSources sources) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var source in sources.All)
        {
            source.Keys?.Warm();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
