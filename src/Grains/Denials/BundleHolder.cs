namespace MeshGrains.Grains;

/// <summary>
/// One start of a silo that may hold a lease, and the trust bundle by which it said that it does everything: issuing CA, deliveries, its gateway's own
/// certificate. Null while that is not known here; <see cref="DenialConfirmation.HoldsNoBundle"/> where it has none to hold.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.BundleHolder")]
public sealed record BundleHolder([property: Id(0)] string Silo, [property: Id(1)] string Incarnation, [property: Id(2)] long? BundleNumber);
