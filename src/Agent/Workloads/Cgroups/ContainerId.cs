namespace MeshGrains.Agent.Workloads.Cgroups;

/// <summary>A container as its cgroup names it. <see cref="PodUid"/> is null outside of Kubernetes, and where the runtime leaves it out.</summary>
internal sealed record ContainerId(string Id, string? PodUid);
