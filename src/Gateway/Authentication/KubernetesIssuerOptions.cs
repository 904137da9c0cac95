namespace MeshGrains.Gateway;

/// <summary>
/// One issuer of projected service-account tokens, bound to one cluster. Exactly one of <see cref="JwksFile"/>, <see cref="Discovery"/>,
/// <see cref="JwksUri"/> and <see cref="TokenReview"/> says how its tokens are checked.
/// </summary>
public sealed class KubernetesIssuerOptions
{
    /// <summary>The source's name in templates and in caller names (<c>k8s:NAME/namespace/account</c>).</summary>
    public string Name { get; set; } = "";

    /// <summary>The exact <c>iss</c> of its tokens, as the API server's <c>--service-account-issuer</c> gives it.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>The cluster that its tokens count in; required where the trust domain has several. Empty: this one.</summary>
    public string Cluster { get; set; } = "";

    /// <summary>The one audience that a token must be made for.</summary>
    public string Audience { get; set; } = "istio-ca";

    /// <summary>A file with the issuer's JWK set; read again when it changes.</summary>
    public string? JwksFile { get; set; }

    /// <summary><c>true</c> for OIDC discovery at the issuer itself, or the base URL to discover at; <c>false</c> or empty for none.</summary>
    public string? Discovery { get; set; }

    /// <summary>Where the issuer's JWK set is served.</summary>
    public string? JwksUri { get; set; }

    /// <summary>Ask the cluster's API server about every token instead of checking signatures here.</summary>
    public TokenReviewOptions? TokenReview { get; set; }

    /// <summary>PEM certificates that the key endpoint's TLS certificate must chain to; the system's roots when empty.</summary>
    public string? CaFile { get; set; }

    /// <summary>A file whose content is sent as bearer token to the key endpoint (a cluster may guard its discovery documents).</summary>
    public string? TokenFile { get; set; }

    /// <summary>Allows plain http to a loopback address, for trials and tests; any other plain http is refused always.</summary>
    public bool AllowInsecureLoopback { get; set; }

    /// <summary>Signature algorithms taken from this issuer; empty means RS256 and ES256.</summary>
    public IList<string> Algorithms { get; } = [];

    /// <summary>Values of Istio's <c>clusterid</c> metadata that this source serves; empty serves any.</summary>
    public IList<string> ClusterIds { get; } = [];

    /// <summary>Path prefixes such as <c>/ns/</c> that callers of this source may be given; empty allows every path.</summary>
    public IList<string> AllowedPaths { get; } = [];

    /// <summary>How far the issuer's clock may be from this one.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How old the keys of an unreachable endpoint may become before its tokens are answered UNAVAILABLE.</summary>
    public TimeSpan MaxKeyAge { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How often keys are fetched anew while all is well.</summary>
    public TimeSpan KeyRefresh { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long one request to the key endpoint may take.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The base URL that <see cref="Discovery"/> means; null when it means none.</summary>
    internal string? DiscoveryAddress
        => string.IsNullOrEmpty(Discovery) || string.Equals(Discovery, "false", StringComparison.OrdinalIgnoreCase) ? null
            : string.Equals(Discovery, "true", StringComparison.OrdinalIgnoreCase) ? Issuer
            : Discovery;
}
