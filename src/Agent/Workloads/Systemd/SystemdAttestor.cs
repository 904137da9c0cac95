using MeshGrains.Agent.Workloads.Cgroups;

namespace MeshGrains.Agent.Workloads.Systemd;

/// <summary>Tells <c>systemd:id</c> and <c>systemd:fragment_path</c> of the unit that a process belongs to, as systemd itself finds it: by the cgroup.</summary>
internal sealed class SystemdAttestor(UnitFiles files, string proc = "/proc") : IWorkloadAttestor
{
    public string Type => "systemd";

    public Task<IReadOnlyCollection<string>> AttestAsync(PeerProcess peer, CancellationToken cancellationToken)
    {
        var unit = SystemdUnit.Of(ProcessCgroups.Read(peer, proc));
        return Task.FromResult<IReadOnlyCollection<string>>(
            unit is null ? [] : [$"systemd:id:{unit}", .. files.FragmentPaths(unit).Select(path => $"systemd:fragment_path:{path}")]);
    }
}
