using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>Section <c>upstream</c>: an outside CA that certifies the trust domain's root.</summary>
internal sealed class UpstreamOptions
{
    public UpstreamMode Mode { get; set; } = UpstreamMode.None;

    /// <summary>PEM for <see cref="UpstreamMode.Disk"/>: the outside CA's certificate, and those above it up to its root.</summary>
    public string CertificateFile { get; set; } = "";

    /// <summary>PEM with the outside CA's private key, not encrypted.</summary>
    public string KeyFile { get; set; } = "";
}
