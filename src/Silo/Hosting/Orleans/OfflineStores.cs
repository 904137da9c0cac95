using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Silo;

/// <summary>Opens the stores without a silo: Orleans' own open at the stages of a silo's start, which are gone through here for them alone.</summary>
internal static class OfflineStores
{
    public static async Task StartAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var stages = new Stages();
        foreach (var participant in services.GetServices<ILifecycleParticipant<ISiloLifecycle>>())
        {
            participant.Participate(stages);
        }

        foreach (var (_, observer) in stages.Observers.OrderBy(pair => pair.Stage))
        {
            await observer.OnStart(cancellationToken);
        }
    }

    private sealed class Stages : ISiloLifecycle
    {
        public List<(int Stage, ILifecycleObserver Observer)> Observers { get; } = [];

        public int HighestCompletedStage => int.MinValue;

        public int LowestStoppedStage => int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            Observers.Add((stage, observer));
            return new Nothing();
        }
    }

    private sealed class Nothing : IDisposable
    {
        public void Dispose()
        {
            // Nobody unsubscribes here.
        }
    }
}
