using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

/// <summary>A stored state with a constructor that a new record must not need.</summary>
[GenerateSerializer, Immutable, Alias("solo.tests.Tally")]
public sealed record Tally([property: Id(0)] int Value, [property: Id(1)] string Note);
