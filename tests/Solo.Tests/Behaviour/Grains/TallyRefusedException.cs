using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

/// <summary>A failure of the application's own, with something to carry.</summary>
[GenerateSerializer, Alias("solo.tests.TallyRefusedException")]
public sealed class TallyRefusedException(string message, int limit) : Exception(message)
{
    [Id(0)]
    public int Limit { get; } = limit;
}
