namespace MeshGrains.Grains;

/// <summary>
/// One start of a silo says that it refuses by the set of <paramref name="Number"/> (-1: it holds none yet) and asks for a lease, which it will take
/// to run for <paramref name="LeaseMilliseconds"/>, the same all its life.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.DenialConfirmation")]
public sealed record DenialConfirmation(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Incarnation,
    [property: Id(2)] long Number,
    [property: Id(3)] long LeaseMilliseconds);
