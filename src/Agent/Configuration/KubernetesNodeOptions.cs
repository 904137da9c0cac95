namespace MeshGrains.Agent;

/// <summary>Section <c>node.k8s</c>: the projected token of the agent's pod.</summary>
internal sealed class KubernetesNodeOptions
{
    /// <summary>Read at each attempt: the kubelet renews it.</summary>
    public string TokenFile { get; set; } = "/var/run/secrets/tokens/meshgrains";

    /// <summary>Where several clusters share an issuer's name: which one this is (clusterIds of the silo's attestation.kubernetes).</summary>
    public string ClusterId { get; set; } = "";
}
