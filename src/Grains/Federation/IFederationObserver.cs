namespace MeshGrains.Grains;

/// <summary>A silo's ear for changes of federation.</summary>
[Alias("mg.IFederationObserver")]
public interface IFederationObserver : IGrainObserver
{
    [Alias("Changed")]
    Task ChangedAsync(FederationList list);
}
