namespace MeshGrains.Gateway;

/// <summary>Section <c>attestation</c>: whose word the gateway takes about a caller.</summary>
public sealed class AttestationOptions
{
    public const string SectionName = "attestation";

    /// <summary>Issuers of Kubernetes service-account tokens; none means that no such token is accepted.</summary>
    public IList<KubernetesIssuerOptions> Kubernetes { get; } = [];
}
