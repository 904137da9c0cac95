using System.Diagnostics.CodeAnalysis;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>One ConfigMap, in each of some namespaces.</summary>
[SuppressMessage("Usage", "CA2227", Justification = "Bound from the configuration.")]
internal sealed class ConfigMapOutputOptions
{
    public string Name { get; set; } = "";

    /// <summary>Each is an output by itself, named <c>NAME/NAMESPACE</c>.</summary>
    public IList<string> Namespaces { get; set; } = [];

    public string ConfigMap { get; set; } = "";

    public string Key { get; set; } = "ca.crt";

    public BundleFormat Format { get; set; } = BundleFormat.Pem;

    public TimeSpan? Lag { get; set; }
}
