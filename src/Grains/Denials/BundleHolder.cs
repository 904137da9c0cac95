namespace MeshGrains.Grains;

/// <summary>
/// One start of a silo that may hold a lease, and the trust bundle by which it said that it does everything: issuing CA, deliveries, its gateway's own
/// certificate. Null while that is not known here; <see cref="DenialConfirmation.HoldsNoBundle"/> where it has none to hold. The last two are of what it
/// publishes outside, as in <see cref="DenialConfirmation"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.BundleHolder")]
public sealed record BundleHolder(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Incarnation,
    [property: Id(2)] long? BundleNumber,
    [property: Id(3)] long? OutsideNumber,
    [property: Id(4)] string? OutsideName);
