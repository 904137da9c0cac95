namespace MeshGrains.Agent;

/// <summary>Section <c>workloads.docker</c>: what a Docker daemon says of a process's container.</summary>
internal sealed class DockerAttestorOptions
{
    public bool Enabled { get; set; }

    /// <summary>The daemon's Unix socket.</summary>
    public string Socket { get; set; } = "/var/run/docker.sock";

    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Largest answer, in bytes.</summary>
    public int MaxBodyBytes { get; set; } = 1024 * 1024;
}
