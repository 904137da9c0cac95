using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Alias("solo.tests.INewsObserver")]
public interface INewsObserver : IGrainObserver
{
    [Alias("Heard")]
    Task Heard(int number);
}
