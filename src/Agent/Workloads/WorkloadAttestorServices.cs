using MeshGrains.Agent.Workloads.Docker;
using MeshGrains.Agent.Workloads.Kubernetes;
using MeshGrains.Agent.Workloads.Systemd;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Agent.Workloads;

/// <summary>The attestors that are switched on.</summary>
internal static class WorkloadAttestorServices
{
    public static void AddWorkloadAttestors(this IServiceCollection services, WorkloadOptions options, string proc)
    {
        if (options.Systemd.Enabled)
        {
            services.AddSingleton<IWorkloadAttestor>(_ => new SystemdAttestor(new UnitFiles(), proc));
        }

        if (options.K8s.Enabled)
        {
            services.AddSingleton(provider => new KubeletClient(options.K8s, provider.GetRequiredService<TimeProvider>()));
            services.AddSingleton<IWorkloadAttestor>(provider => new KubernetesAttestor(
                options.K8s, provider.GetRequiredService<KubeletClient>(), provider.GetRequiredService<TimeProvider>(), proc));
        }

        if (options.Docker.Enabled)
        {
            services.AddSingleton<IWorkloadAttestor>(provider => new DockerAttestor(options.Docker, provider.GetRequiredService<TimeProvider>(), proc));
        }

        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<WorkloadAttestors>(provider, options));
    }
}
