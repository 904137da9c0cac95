namespace MeshGrains.Grains;

/// <summary>Who certifies the root of a trust domain.</summary>
public enum UpstreamMode
{
    /// <summary>Itself: a self-signed root, which the bundle holds.</summary>
    None,

    /// <summary>An outside CA whose certificate and key lie in files.</summary>
    Disk,

    /// <summary>An outside CA that is handed a request and whose answer an operator brings.</summary>
    Csr,
}
