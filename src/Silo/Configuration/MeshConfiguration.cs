using MeshGrains.Gateway;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>The whole configuration, in the order of the commented file. It is the schema too: a key that is not here is refused.</summary>
internal sealed class MeshConfiguration
{
    public string TrustDomain { get; set; } = "mesh.local";

    public string Cluster { get; set; } = "main";

    public string Silo { get; set; } = "silo-1";

    public string Data { get; set; } = ".mesh";

    public KeysOptions Keys { get; set; } = new();

    public CaOptions Ca { get; set; } = new();

    public SvidOptions Svid { get; set; } = new();

    public IList<TemplateOptions> Templates { get; set; } = [];

    public AttestationOptions Attestation { get; set; } = new();

    public GatewayOptions Gateway { get; set; } = new();

    public LimitsOptions Limits { get; set; } = new();

    public DenialOptions Denials { get; set; } = new();

    public TelemetryOptions Telemetry { get; set; } = new();
}
