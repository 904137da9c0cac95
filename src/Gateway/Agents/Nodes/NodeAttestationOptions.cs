namespace MeshGrains.Gateway;

/// <summary>Section <c>nodeAttestation</c>: which nodes are admitted as agents without a join token. Nothing is, unless told.</summary>
public sealed class NodeAttestationOptions
{
    public const string Section = "nodeAttestation";

    public X509PopOptions X509pop { get; set; } = new();

    /// <summary>Service accounts of node agents, by cluster.</summary>
    public IList<KubernetesNodeOptions> K8s { get; } = [];

    public AwsNodeOptions Aws { get; set; } = new();
}
