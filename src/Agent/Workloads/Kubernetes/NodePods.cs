using MeshGrains.Agent.Workloads.Cgroups;

namespace MeshGrains.Agent.Workloads.Kubernetes;

/// <summary>The pods of this node at one moment, findable by container.</summary>
internal sealed class NodePods
{
    // What the kubelet keeps of a static pod: its cgroup bears this hash, its record in the API server a UID.
    private const string ConfigHash = "kubernetes.io/config.hash";

    private readonly Dictionary<string, List<(Pod Pod, Pod.Container Container)>> _byContainer = new(StringComparer.Ordinal);

    public NodePods(PodList list)
    {
        foreach (var pod in list.Items ?? [])
        {
            foreach (var container in (pod.Status?.Containers ?? []).Concat(pod.Status?.InitContainers ?? []))
            {
                // containerd://ID; empty before it was started.
                var id = container.ContainerId is { } url ? url[(url.LastIndexOf('/') + 1)..] : "";
                if (id.Length > 0)
                {
                    (_byContainer.TryGetValue(id, out var known) ? known : _byContainer[id] = []).Add((pod, container));
                }
            }
        }
    }

    /// <summary>The selectors of a container; null when the kubelet does not tell of it.</summary>
    /// <exception cref="AttestorException">It is told of twice, or in another pod than its cgroup is in.</exception>
    public IReadOnlyCollection<string>? Find(ContainerId container)
    {
        if (!_byContainer.TryGetValue(container.Id, out var found))
        {
            return null;
        }

        return found is not [var one] ? throw new AttestorException("container_ambiguous", $"the kubelet tells of container {container.Id} in {found.Count} places")
            : container.PodUid is { } uid && one.Pod.Metadata?.Uid != uid && one.Pod.Metadata?.Annotations?.GetValueOrDefault(ConfigHash) != uid
                ? throw new AttestorException("pod_mismatch", $"container {container.Id} stands in the cgroup of pod {uid}, and the kubelet tells of it in pod {one.Pod.Metadata?.Uid}")
                : [.. Selectors(one.Pod, one.Container).Select(selector => $"k8s:{selector}")];
    }

    private static IEnumerable<string> Selectors(Pod pod, Pod.Container container)
    {
        var (meta, containers, initContainers) = (pod.Metadata, pod.Status?.Containers ?? [], pod.Status?.InitContainers ?? []);
        foreach (var (name, value) in new[]
        {
            ("ns", meta?.Namespace), ("sa", pod.Spec?.ServiceAccountName), ("pod-name", meta?.Name), ("pod-uid", meta?.Uid), ("node-name", pod.Spec?.NodeName),
            ("container-name", container.Name),
        })
        {
            if (!string.IsNullOrEmpty(value))
            {
                yield return $"{name}:{value}";
            }
        }

        foreach (var (key, value) in meta?.Labels ?? new Dictionary<string, string?>())
        {
            yield return $"pod-label:{key}:{value}";
        }

        foreach (var owner in meta?.Owners ?? [])
        {
            yield return $"pod-owner:{owner.Kind}:{owner.Name}";
            yield return $"pod-owner-uid:{owner.Kind}:{owner.Uid}";
        }

        foreach (var image in Images([container]))
        {
            yield return $"container-image:{image}";
        }

        yield return $"pod-image-count:{containers.Count}";
        yield return $"pod-init-image-count:{initContainers.Count}";
        foreach (var image in Images(containers))
        {
            yield return $"pod-image:{image}";
        }

        foreach (var image in Images(initContainers))
        {
            yield return $"pod-init-image:{image}";
        }
    }

    // By tag and by digest.
    private static IEnumerable<string> Images(IEnumerable<Pod.Container> containers) =>
        containers.SelectMany(container => new[] { container.Image, container.ImageId }).OfType<string>().Where(image => image.Length > 0).Distinct(StringComparer.Ordinal);
}
