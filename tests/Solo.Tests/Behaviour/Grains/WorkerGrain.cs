using Orleans;
using Orleans.Concurrency;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[StatelessWorker(2)]
[GrainType("worker")]
public sealed class WorkerGrain(Probe probe) : Grain, IWorkerGrain
{
    public async Task Hold(string name)
    {
        probe.Mark($"in:{name}");
        await probe.Opened(name);
    }
}
