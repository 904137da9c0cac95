namespace MeshGrains.Grains;

/// <summary>
/// One start of a silo that may hold a denial lease. <paramref name="Joined"/> is the set's number from which it is on the roster;
/// <paramref name="Leaving"/> the number from which it gets no more leases because nobody heard from it, 0 while it gets them.
/// <paramref name="LeaseMilliseconds"/> is how long that silo takes a lease to run, which another one's configuration may see differently.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.LeaseHolder")]
public sealed record LeaseHolder(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Incarnation,
    [property: Id(2)] long Joined,
    [property: Id(3)] long Leaving,
    [property: Id(4)] long LeaseMilliseconds);
