using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>A member cluster, at its home. Key: <c>{trust domain}/{member}</c>. Refuses a cluster that the home's configuration does not list.</summary>
[Alias("mg.IMemberClusterGrain")]
public interface IMemberClusterGrain : IGrainWithStringKey
{
    /// <summary>
    /// Has an issuing CA of one of its silos certified, on that silo's own signature and within the silo's budget. <paramref name="paths"/>: where the member
    /// says that it issues; refused when that is more than it may.
    /// </summary>
    [Alias("Certify")]
    Task<CertifiedIssuingCa> CertifyAsync(IssuingCaRequest request, long ttlSeconds, ImmutableArray<string> paths);

    /// <summary>Remembers what it reported.</summary>
    [Alias("Hear")]
    Task HearAsync(ClusterReport report);

    /// <summary>By when, on the home's clock, every silo of it refused by this number of the home's denial set; null: not as far as was heard.</summary>
    [AlwaysInterleave]
    [Alias("DenialsHeld")]
    Task<DateTimeOffset?> DenialsHeldAsync(long number);

    [AlwaysInterleave]
    [Alias("Get")]
    Task<ClusterStanding> GetAsync();
}
