namespace MeshGrains.Silo;

/// <summary>One registration template that the configuration brings; kept in the store under an id made of source and pattern.</summary>
internal sealed class TemplateOptions
{
    /// <summary>The attestation source it serves (a name under <c>attestation.kubernetes</c>), or <c>*</c> for every one.</summary>
    public string Source { get; set; } = "";

    /// <summary>Such as <c>spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}</c>.</summary>
    public string Pattern { get; set; } = "";

    /// <summary>Life of its SVIDs; none takes <c>svid.defaultTtl</c>.</summary>
    public TimeSpan? X509SvidTtl { get; set; }

    /// <summary>A word for workloads with several identities.</summary>
    public string? Hint { get; set; }
}
