namespace MeshGrains.Agent;

/// <summary>The whole configuration of an agent, in the order of the commented file. It is the schema too: a key that is not here is refused.</summary>
internal sealed class AgentConfiguration
{
    public const string EnvironmentPrefix = "MESHGRAINS_AGENT__";

    public string TrustDomain { get; set; } = "mesh.local";

    /// <summary>Unix socket of the Workload API, SDS and health.</summary>
    public string Socket { get; set; } = "/run/meshgrains/agent/api.sock";

    /// <summary>Who may connect: the socket's mode, octal. Which identity a caller gets is decided by attestation, not by this.</summary>
    public string SocketMode { get; set; } = "0777";

    /// <summary>Plain HTTP for <c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>; empty for none.</summary>
    public string OperationsListen { get; set; } = "127.0.0.1:9465";

    public ControlPlaneOptions ControlPlane { get; set; } = new();

    public NodeOptions Node { get; set; } = new();

    public KeyStoreOptions KeyStore { get; set; } = new();

    /// <summary>Other trust domains that this node is in, each with a control plane of its own.</summary>
    public IList<AliasOptions> Aliases { get; set; } = [];

    public RenewalOptions Renewal { get; set; } = new();

    public WorkloadOptions Workloads { get; set; } = new();

    public SdsOptions Sds { get; set; } = new();

    public IList<OutputOptions> Outputs { get; set; } = [];

    public LogOptions Log { get; set; } = new();
}
