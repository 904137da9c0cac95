namespace MeshGrains.Agent;

/// <summary>Section <c>workloads</c>: what is looked at of a calling process, and how much callers may take.</summary>
internal sealed class WorkloadOptions
{
    /// <summary>Tell <c>unix:path</c> and <c>unix:sha256</c>: needs the right to look at other users' processes.</summary>
    public bool Executables { get; set; } = true;

    /// <summary>A larger executable gets no <c>unix:sha256</c>, in bytes.</summary>
    public long MaxExecutableBytes { get; set; } = 512L * 1024 * 1024;

    public SystemdAttestorOptions Systemd { get; set; } = new();

    public KubernetesAttestorOptions K8s { get; set; } = new();

    public DockerAttestorOptions Docker { get; set; } = new();

    /// <summary>How long all that is asked about a process may take together; who has not answered by then tells nothing.</summary>
    public TimeSpan AttestationTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Connections on the socket at once, in all and of one user.</summary>
    public int MaxConnections { get; set; } = 4096;

    public int MaxConnectionsPerUser { get; set; } = 1024;

    /// <summary>Streams of one connection.</summary>
    public int MaxStreamsPerConnection { get; set; } = 100;

    /// <summary>How long a first answer may wait for a certificate that is being asked for.</summary>
    public TimeSpan FirstSvidWait { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A bundle counts as held by a Workload API client this long after it was written to its stream.</summary>
    public TimeSpan Settle { get; set; } = TimeSpan.FromSeconds(2);
}
