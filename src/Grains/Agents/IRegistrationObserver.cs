namespace MeshGrains.Grains;

/// <summary>A silo's ear for changes of registrations.</summary>
[Alias("mg.IRegistrationObserver")]
public interface IRegistrationObserver : IGrainObserver
{
    [Alias("Changed")]
    Task ChangedAsync(RegistrationNews news);
}
