namespace MeshGrains.Agent.Workloads.Cgroups;

/// <summary>One hierarchy: its controllers (empty for v2, <c>name=systemd</c> for systemd's own of v1) and the path of the process in it.</summary>
internal sealed record CgroupLine(string Controllers, string Path);
