namespace MeshGrains.Grains;

/// <summary>Fetches a bundle from an endpoint within every bound: port of the relationship grains, adapter in the gateway.</summary>
public interface IBundleFetcher
{
    /// <summary>Never throws for what the other side does; a fetch that is not good says why.</summary>
    Task<BundleAnswer> FetchAsync(BundleQuestion question, CancellationToken cancellationToken);
}
