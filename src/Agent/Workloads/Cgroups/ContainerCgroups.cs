using System.Text.RegularExpressions;

namespace MeshGrains.Agent.Workloads.Cgroups;

/// <summary>
/// Finds the container of a process by its cgroups. The outermost container counts: what stands below it was named by whoever runs in it. And nothing counts below what a
/// user of the host may name: its own slice, or a service that is no container runtime, which may have its part of the tree delegated to it.
/// </summary>
internal static partial class ContainerCgroups
{
    // Container runtimes and Kubernetes distributions whose containers stand below their own service, with the cgroupfs driver or nested.
    private static readonly string[] Runtimes =
    [
        "containerd.service", "docker.service", "crio.service", "cri-o.service", "cri-docker.service", "kubelet.service", "k3s.service", "k3s-agent.service",
        "k0scontroller.service", "k0sworker.service", "rke2-server.service", "rke2-agent.service",
    ];

    private static readonly char[] Separators = ['/', ':'];

    /// <summary>The container of a pod; null for a process in none.</summary>
    /// <exception cref="AttestorException">The hierarchies disagree.</exception>
    public static ContainerId? OfPod(ProcessCgroups cgroups) => Agreed(cgroups, PodContainer);

    /// <summary>The container of a Docker daemon (or of podman's stand-in); null for a process in none.</summary>
    /// <exception cref="AttestorException">The hierarchies disagree.</exception>
    public static ContainerId? OfDocker(ProcessCgroups cgroups) => Agreed(cgroups, DockerContainer);

    private static ContainerId? Agreed(ProcessCgroups cgroups, Func<string[], ContainerId?> find)
    {
        var found = cgroups.Lines.Select(line => find(line.Path.Split(Separators, StringSplitOptions.RemoveEmptyEntries))).OfType<ContainerId>().Distinct().ToList();
        return found.Count <= 1 ? found.FirstOrDefault()
            : throw new AttestorException("cgroup_ambiguous", $"its cgroups name several containers: {string.Join(", ", found.Select(container => container.Id))}");
    }

    private static ContainerId? PodContainer(string[] parts)
    {
        for (var at = 0; at < parts.Length && !MayBeNamedByAUser(parts[at]); at++)
        {
            if (Pod().Match(parts[at]) is { Success: true } pod)
            {
                // The old form of containerd under a systemd that it was not told of has the runtime's name between the two.
                var next = at + 1 < parts.Length && parts[at + 1] is "cri-containerd" or "docker" or "crio" ? at + 2 : at + 1;
                return next < parts.Length && Container().Match(parts[next]) is { Success: true } container
                    ? new ContainerId(container.Groups["id"].Value, pod.Groups["uid"].Value.Replace('_', '-')) : null;
            }

            // A container of the same pod as the agent, in a cgroup namespace of its own: the pod's part is cut off.
            if (Container().Match(parts[at]) is { Success: true } bare && bare.Groups["runtime"].Value is "cri-containerd" or "crio")
            {
                return new ContainerId(bare.Groups["id"].Value, null);
            }
        }

        return null;
    }

    private static ContainerId? DockerContainer(string[] parts)
    {
        foreach (var part in parts.TakeWhile(part => !MayBeNamedByAUser(part)))
        {
            if (Container().Match(part) is { Success: true } container)
            {
                return container.Groups["runtime"].Value is "" or "docker" or "libpod" ? new ContainerId(container.Groups["id"].Value, null) : null;
            }
        }

        return null;
    }

    private static bool MayBeNamedByAUser(string part) =>
        part == "user.slice" || (part.EndsWith(".service", StringComparison.Ordinal) && !Runtimes.Contains(part) && !part.StartsWith("snap.microk8s.", StringComparison.Ordinal));

    // A UID of the API server, or the hash of a static pod; the systemd driver writes _ for -.
    [GeneratedRegex(@"^(?:[a-z0-9._-]*-)?pod(?<uid>[0-9a-f]{8}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{4}[-_]?[0-9a-f]{12})(?:\.slice)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Pod();

    [GeneratedRegex(@"^(?:(?<runtime>docker|libpod|crio|cri-containerd|containerd|nerdctl)-)?(?<id>[0-9a-f]{64})(?:\.scope)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Container();
}
