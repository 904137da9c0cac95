namespace MeshGrains.Silo;

/// <summary>One ClusterTrustBundle of certificates.k8s.io: PEM, for the whole cluster.</summary>
internal sealed class ClusterTrustBundleOutputOptions
{
    public string Name { get; set; } = "";

    /// <summary>The object's name. With a signer it begins with the signer's name, its slash a colon, and another colon.</summary>
    public string Bundle { get; set; } = "";

    /// <summary>Such as <c>mesh.example.org/workloads</c>; empty: none.</summary>
    public string SignerName { get; set; } = "";

    public TimeSpan? Lag { get; set; }
}
