namespace MeshGrains.Grains;

/// <summary>One foreign trust domain in the configuration. Nothing of it is inferred from anything else.</summary>
public sealed class FederationRelationshipOptions
{
    /// <summary>The foreign trust domain's name.</summary>
    public string TrustDomain { get; set; } = "";

    /// <summary>Its bundle endpoint, an https URL.</summary>
    public string Url { get; set; } = "";

    /// <summary><c>https_web</c> or <c>https_spiffe</c>.</summary>
    public string Profile { get; set; } = "";

    /// <summary>For <c>https_spiffe</c>: the SPIFFE ID of the endpoint.</summary>
    public string EndpointSpiffeId { get; set; } = "";

    /// <summary>The trust domain's bundle to begin with, as SPIFFE's JWK Set; needed for <c>https_spiffe</c> where the endpoint is of that domain itself.</summary>
    public string BundleFile { get; set; } = "";

    /// <summary>For <c>https_web</c>: the CAs that the endpoint's certificate may come from, PEM; empty: those of the system.</summary>
    public string CaFile { get; set; } = "";
}
