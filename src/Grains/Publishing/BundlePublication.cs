namespace MeshGrains.Grains;

/// <summary>
/// What one silo last saw at one of its outputs. <paramref name="Number"/> is 0 before the first success, and never above what the silo itself delivers, so
/// that nobody who can write to an output opens a gate; <paramref name="Since"/> is when that number was first seen there. Readers of the output may show
/// an older bundle until <paramref name="Since"/> plus <paramref name="DeclaredLagSeconds"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.BundlePublication")]
public sealed record BundlePublication(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Target,
    [property: Id(2)] long Number,
    [property: Id(3)] DateTimeOffset Since,
    [property: Id(4)] long DeclaredLagSeconds,
    [property: Id(5)] string? LastFailure);
