namespace MeshGrains.Agent;

/// <summary>Section <c>controlPlane</c>: where it is and by what it is known.</summary>
internal sealed class ControlPlaneOptions
{
    /// <summary>Gateways, tried in turn: <c>https://host:port</c>.</summary>
    public IList<string> Addresses { get; set; } = [];

    /// <summary>The trust bundle (PEM) that the gateway's first certificate is checked with; later ones are pushed.</summary>
    public string TrustBundle { get; set; } = "";

    /// <summary>The path of the gateway's SPIFFE ID.</summary>
    public string GatewayPath { get; set; } = "/meshgrains/gateway";

    /// <summary>Longest pause between two attempts; attempts back off from a quarter of a second, with full jitter.</summary>
    public TimeSpan MaxBackoff { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>An idle stream is probed this often, so that a dead path is noticed.</summary>
    public TimeSpan KeepAlive { get; set; } = TimeSpan.FromSeconds(20);
}
