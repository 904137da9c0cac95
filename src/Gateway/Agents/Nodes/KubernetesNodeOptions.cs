namespace MeshGrains.Gateway;

/// <summary>One cluster whose node agents attest by their pods' projected tokens.</summary>
public sealed class KubernetesNodeOptions
{
    /// <summary>A name under <c>attestation.kubernetes</c>; its issuer, keys and audience judge the token, and it names the cluster in agents' IDs.</summary>
    public string Source { get; set; } = "";

    /// <summary><c>NAMESPACE/ACCOUNT</c> of the agent's pods; no other account makes an agent.</summary>
    public IList<string> ServiceAccounts { get; } = [];
}
