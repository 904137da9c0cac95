using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Silo;

/// <summary>Section <c>publish</c>: where the trust bundle is put for those who ask no gateway. Every output carries this trust domain alone.</summary>
[SuppressMessage("Usage", "CA2227", Justification = "Bound from the configuration.")]
internal sealed class PublishOptions
{
    /// <summary>How long readers of an output may take to see a change, where the output says nothing else; none: five times <c>ca.bundleRefreshHint</c>.</summary>
    public TimeSpan? Lag { get; set; }

    /// <summary>How often each output is looked at when nothing changes, give or take a fifth: what was taken away or altered comes back.</summary>
    public TimeSpan Recheck { get; set; } = TimeSpan.FromMinutes(5);

    public KubernetesApiOptions Kubernetes { get; set; } = new();

    public IList<FileOutputOptions> Files { get; set; } = [];

    public IList<ConfigMapOutputOptions> ConfigMaps { get; set; } = [];

    public IList<ClusterTrustBundleOutputOptions> ClusterTrustBundles { get; set; } = [];

    public IList<BlobOutputOptions> Blobs { get; set; } = [];

    public bool HasOutputs => Files.Count + ConfigMaps.Count + ClusterTrustBundles.Count + Blobs.Count > 0;
}
