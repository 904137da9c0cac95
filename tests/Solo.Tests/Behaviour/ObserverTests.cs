using System.Collections.Concurrent;
using MeshGrains.Solo.Tests.Behaviour.Grains;
using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour;

public sealed class ObserverTests(SharedHost host) : IClassFixture<SharedHost>
{
    [Fact]
    public async Task An_observer_hears_what_the_grain_tells_once_for_each_subscription()
    {
        var listener = new Listener();
        var reference = host.Grains.CreateObjectReference<INewsObserver>(listener);
        var news = host.Grains.GetGrain<INewsGrain>("heard");
        await news.Subscribe(reference);
        await news.Subscribe(reference);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(news.Tell));
        Assert.Equal(Enumerable.Range(0, 50), listener.Heard.Order());
        host.Grains.DeleteObjectReference<INewsObserver>(reference);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task An_observers_failure_reaches_the_grain_that_awaits_it()
    {
        var listener = new Listener { Failure = new InvalidOperationException("Not now.") };
        var reference = host.Grains.CreateObjectReference<INewsObserver>(listener);
        var news = host.Grains.GetGrain<INewsGrain>("failing");
        await news.Subscribe(reference);
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => news.Tell(1));
        Assert.Equal("Not now.", failure.Message);
        GC.KeepAlive(listener);
    }

    private sealed class Listener : INewsObserver
    {
        public ConcurrentBag<int> Heard { get; } = [];

        public Exception? Failure { get; init; }

        Task INewsObserver.Heard(int number)
        {
            Heard.Add(number);
            return Failure is null ? Task.CompletedTask : Task.FromException(Failure);
        }
    }
}
