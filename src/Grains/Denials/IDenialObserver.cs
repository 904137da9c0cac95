namespace MeshGrains.Grains;

/// <summary>A silo's ear for new denial sets.</summary>
[Alias("mg.IDenialObserver")]
public interface IDenialObserver : IGrainObserver
{
    [Alias("Changed")]
    Task ChangedAsync(DenialSet set);
}
