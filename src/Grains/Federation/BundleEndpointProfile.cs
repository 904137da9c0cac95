namespace MeshGrains.Grains;

/// <summary>How a bundle endpoint proves itself (SPIFFE Federation section 5.2), by the words of the specification.</summary>
public static class BundleEndpointProfile
{
    /// <summary>A certificate of the Web PKI, or of a CA that is named, for the host in the URL.</summary>
    public const string Web = "https_web";

    /// <summary>An X.509-SVID with the SPIFFE ID that is named.</summary>
    public const string Spiffe = "https_spiffe";
}
