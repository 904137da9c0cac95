using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Workloads.Cgroups;

namespace MeshGrains.Agent.Workloads.Kubernetes;

/// <summary>
/// Tells <c>k8s:ns</c>, <c>sa</c>, <c>pod-name</c>, <c>pod-uid</c>, <c>pod-label</c>, <c>pod-owner</c>, <c>pod-image</c>, <c>container-name</c>, <c>container-image</c>, <c>node-name</c>
/// and their kin. Which container it is, the kernel says (its cgroup); what that is, the kubelet of this node. A container that the kubelet does not tell of yet, as it
/// lags behind the runtime, is asked for again.
/// </summary>
internal sealed class KubernetesAttestor(KubernetesAttestorOptions options, KubeletClient kubelet, TimeProvider time, string proc = "/proc") : IWorkloadAttestor
{
    public string Type => "k8s";

    public async Task<IReadOnlyCollection<string>> AttestAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        if (ContainerCgroups.OfPod(ProcessCgroups.Read(peer, proc)) is not { } container)
        {
            return [];
        }

        var started = time.GetTimestamp();
        var fresh = false;
        while (peer.IsAlive)
        {
            if ((await kubelet.PodsAsync(fresh, cancellationToken)).Find(container) is { } selectors)
            {
                return selectors;
            }

            if (time.GetElapsedTime(started) >= options.Patience)
            {
                throw new AttestorException("container_unknown", $"the kubelet has not told of container {container.Id} within {options.Patience}");
            }

            // The first time at once: an answer that was kept may be older than the container.
            await Clock.PauseAsync(time, fresh ? options.PollInterval : TimeSpan.Zero, cancellationToken);
            fresh = true;
        }

        return [];
    }
}
