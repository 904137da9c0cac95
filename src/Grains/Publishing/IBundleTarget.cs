namespace MeshGrains.Grains;

/// <summary>
/// One place outside where the trust bundle of this trust domain is put: a file, an object of a Kubernetes API, a blob. Several silos may write to one
/// place: the number that lies there decides, and what is older never replaces what is newer.
/// </summary>
public interface IBundleTarget
{
    /// <summary>The configured name, unique in this silo; for metrics, logs and status.</summary>
    string Name { get; }

    /// <summary>How long its readers may take to see a change. A rotation waits this long after the change was put here.</summary>
    TimeSpan DeclaredLag { get; }

    /// <summary>Puts <paramref name="bundle"/> there unless it lies there already, or a newer one does.</summary>
    /// <returns>The number that lies there now.</returns>
    /// <exception cref="PublishingException">It could not be put there or seen; the text says why and what to do.</exception>
    Task<long> PublishAsync(PublishedBundle bundle, CancellationToken cancellationToken);
}
