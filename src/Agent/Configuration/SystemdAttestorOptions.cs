namespace MeshGrains.Agent;

/// <summary>Section <c>workloads.systemd</c>: <c>systemd:id</c> and <c>systemd:fragment_path</c>. The agent has to run in the host's cgroup namespace.</summary>
internal sealed class SystemdAttestorOptions
{
    public bool Enabled { get; set; }
}
