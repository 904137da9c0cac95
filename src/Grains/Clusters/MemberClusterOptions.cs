namespace MeshGrains.Grains;

/// <summary>A member cluster, as its home lists it.</summary>
public sealed class MemberClusterOptions
{
    /// <summary>Its name (key <c>cluster</c> of its configuration), which its certificate has to carry.</summary>
    public string Name { get; set; } = "";

    /// <summary>The paths of the trust domain in which it may issue, such as <c>/ns/eu</c>.</summary>
    public IList<string> AllowedPaths { get; init; } = [];

    /// <summary>PEM file with the anchors of its silos' bootstrap certificates: no CA is certified without one of its silos' own signature. Read at each request.</summary>
    public string SiloCaFile { get; set; } = "";
}
