using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>Which trust domain and cluster this gateway serves: fixed for the life of the process.</summary>
internal sealed class MeshScope(IOptions<TrustDomainOptions> options)
{
    public TrustDomain TrustDomain { get; } = TrustDomain.Parse(options.Value.Name);

    public string Cluster => options.Value.Cluster;

    /// <summary>The key of the cluster's CA grain.</summary>
    public string ClusterCaKey => options.Value.ClusterKey;

    /// <summary>True when <paramref name="path"/> is <paramref name="prefix"/> or lies below it; <c>/</c> holds everything.</summary>
    public static bool IsUnder(string path, string prefix)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(prefix);
        var trimmed = prefix.TrimEnd('/');
        return path.StartsWith(trimmed, StringComparison.Ordinal) && (path.Length == trimmed.Length || path[trimmed.Length] == '/');
    }
}
