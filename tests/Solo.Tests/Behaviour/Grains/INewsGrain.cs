using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Alias("solo.tests.INewsGrain")]
public interface INewsGrain : IGrainWithStringKey
{
    [Alias("Subscribe")]
    Task Subscribe(INewsObserver observer);

    [Alias("Tell")]
    Task Tell(int number);
}
