using System.Collections.Frozen;

namespace MeshGrains.Gateway;

/// <summary>
/// Finds the source that answers for a token. Clusters often share an issuer name (<c>https://kubernetes.default.svc</c>); then the
/// <c>clusterid</c> that comes with the call tells them apart. A false one gains nothing: the named cluster's keys do not fit the token.
/// </summary>
internal sealed class KubernetesSources
{
    private readonly FrozenDictionary<string, KubernetesSource[]>.AlternateLookup<ReadOnlySpan<char>> _byIssuer;

    public KubernetesSources(IEnumerable<KubernetesSource> sources)
    {
        All = [.. sources];
        _byIssuer = All.GroupBy(source => source.Issuer, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal)
            .GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public IReadOnlyList<KubernetesSource> All { get; }

    /// <summary>The source, or null with the reason.</summary>
    /// <param name="issuer">The token's <c>iss</c>, printable ASCII of at most 512 bytes.</param>
    /// <param name="clusterId">The call's cluster id; null or empty when it names none.</param>
    /// <param name="fault">Why there is none.</param>
    public KubernetesSource? Find(ReadOnlySpan<byte> issuer, string? clusterId, out TokenFault fault)
    {
        Span<char> text = stackalloc char[512];
        fault = TokenFault.WrongIssuer;
        if (issuer.Length > text.Length || System.Text.Ascii.ToUtf16(issuer, text, out var length) != System.Buffers.OperationStatus.Done
            || !_byIssuer.TryGetValue(text[..length], out var candidates))
        {
            return null;
        }

        fault = TokenFault.WrongCluster;
        KubernetesSource? any = null;
        foreach (var candidate in candidates)
        {
            if (candidate.ClusterIds.Count == 0)
            {
                any = candidate;
            }
            else if (clusterId is { Length: > 0 } && candidate.ClusterIds.Contains(clusterId))
            {
                return candidate;
            }
        }

        return any ?? (string.IsNullOrEmpty(clusterId) && candidates.Length == 1 ? candidates[0] : null);
    }
}
