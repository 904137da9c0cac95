using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Alias("solo.tests.IWorkerGrain")]
public interface IWorkerGrain : IGrainWithStringKey
{
    [Alias("Hold")]
    Task Hold(string name);
}
