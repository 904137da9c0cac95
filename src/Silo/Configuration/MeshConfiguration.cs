using MeshGrains.Gateway;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>The whole configuration, in the order of the commented file. It is the schema too: a key that is not here is refused.</summary>
internal sealed class MeshConfiguration
{
    public string TrustDomain { get; set; } = "mesh.local";

    public string Cluster { get; set; } = "main";

    public string Silo { get; set; } = "silo-1";

    /// <summary>What this silo does: <c>authority</c> holds the KMS permission and hosts the authority grains, <c>issuer</c> signs for workloads.</summary>
    public IList<string> Roles { get; set; } = [];

    public string Data { get; set; } = ".mesh";

    /// <summary>Directory of the bootstrap files; empty: <c>bootstrap</c> in the data directory.</summary>
    public string Bootstrap { get; set; } = "";

    public ClusteringOptions Clustering { get; set; } = new();

    public StorageOptions Storage { get; set; } = new();

    public RelayOptions Relay { get; set; } = new();

    public HomeOptions Home { get; set; } = new();

    public AuthorityOptions Authority { get; set; } = new();

    public KeysOptions Keys { get; set; } = new();

    public CaOptions Ca { get; set; } = new();

    public UpstreamOptions Upstream { get; set; } = new();

    public SvidOptions Svid { get; set; } = new();

    public RotationOptions Rotation { get; set; } = new();

    public JwtOptions Jwt { get; set; } = new();

    public IList<TemplateOptions> Templates { get; set; } = [];

    public AttestationOptions Attestation { get; set; } = new();

    public NodeAttestationOptions NodeAttestation { get; set; } = new();

    public GatewayOptions Gateway { get; set; } = new();

    public LimitsOptions Limits { get; set; } = new();

    public AgentsOptions Agents { get; set; } = new();

    public DenialOptions Denials { get; set; } = new();

    public RevocationOptions Revocation { get; set; } = new();

    public PublishOptions Publish { get; set; } = new();

    public FederationOptions Federation { get; set; } = new();

    public TelemetryOptions Telemetry { get; set; } = new();
}
