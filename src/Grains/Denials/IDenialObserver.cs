namespace MeshGrains.Grains;

/// <summary>A silo's ear for new denial sets and bundle numbers.</summary>
[Alias("mg.IDenialObserver")]
public interface IDenialObserver : IGrainObserver
{
    [Alias("Changed")]
    Task ChangedAsync(DenialSet set);

    [Alias("BundleChanged")]
    Task BundleChangedAsync(long bundleNumber);
}
