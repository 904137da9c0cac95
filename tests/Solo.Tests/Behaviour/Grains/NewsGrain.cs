using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[GrainType("news")]
public sealed class NewsGrain : Grain, INewsGrain
{
    private readonly HashSet<INewsObserver> _observers = [];

    public Task Subscribe(INewsObserver observer)
    {
        _observers.Add(observer);
        return Task.CompletedTask;
    }

    public Task Tell(int number) => Task.WhenAll(_observers.Select(observer => observer.Heard(number)));
}
