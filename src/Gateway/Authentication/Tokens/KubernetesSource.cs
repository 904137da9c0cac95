using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;

namespace MeshGrains.Gateway;

/// <summary>One configured issuer, made ready: either with a source of keys or with an API server that reviews its tokens.</summary>
internal sealed class KubernetesSource
{
    private readonly int _algorithms;

    public KubernetesSource(KubernetesIssuerOptions options, KeySource? keys, TokenReviewClient? reviews)
    {
        Name = options.Name;
        Issuer = options.Issuer;
        Audience = options.Audience;
        AudienceUtf8 = Encoding.UTF8.GetBytes(options.Audience);
        SkewSeconds = (long)options.ClockSkew.TotalSeconds;
        AllowedPaths = [.. options.AllowedPaths];
        ClusterIds = options.ClusterIds.ToFrozenSet(StringComparer.Ordinal);
        Keys = keys;
        Reviews = reviews;
        foreach (var name in options.Algorithms.Count == 0 ? ["RS256", "ES256"] : options.Algorithms)
        {
            _algorithms |= 1 << (int)JwsAlgorithms.Parse(name);
        }
    }

    public string Name { get; }

    public string Issuer { get; }

    public string Audience { get; }

    public byte[] AudienceUtf8 { get; }

    public long SkewSeconds { get; }

    public ImmutableArray<string> AllowedPaths { get; }

    /// <summary>Empty serves any cluster id.</summary>
    public FrozenSet<string> ClusterIds { get; }

    /// <summary>Null exactly when <see cref="Reviews"/> is not.</summary>
    public KeySource? Keys { get; }

    public TokenReviewClient? Reviews { get; }

    public bool Allows(JwsAlgorithm algorithm) => algorithm != JwsAlgorithm.Unknown && (_algorithms & (1 << (int)algorithm)) != 0;
}
