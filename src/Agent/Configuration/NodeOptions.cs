namespace MeshGrains.Agent;

/// <summary>Section <c>node</c>: how this node proves itself.</summary>
internal sealed class NodeOptions
{
    /// <summary><c>joinToken</c>, <c>x509pop</c>, <c>k8s</c> or <c>aws</c>.</summary>
    public string Attestor { get; set; } = "joinToken";

    /// <summary>File that holds the join token; read at each attempt, so that a fresh one can be put there.</summary>
    public string JoinTokenFile { get; set; } = "";

    public X509PopNodeOptions X509pop { get; set; } = new();

    public KubernetesNodeOptions K8s { get; set; } = new();

    public AwsNodeOptions Aws { get; set; } = new();
}
