namespace MeshGrains.Grains;

/// <summary>
/// One start of a silo says that it refuses by the set of <paramref name="Number"/> (-1: it holds none yet) and asks for a lease, which it will take
/// to run for <paramref name="LeaseMilliseconds"/>, the same all its life. It does everything by the trust
/// bundle of <paramref name="BundleNumber"/>; null: by none yet, or a version that does not tell.
/// What it publishes outside serves <paramref name="OutsideNumber"/> for as long as its readers may lag; the output that lags most is <paramref name="OutsideName"/>;
/// both null where it publishes nothing.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.DenialConfirmation")]
public sealed record DenialConfirmation(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Incarnation,
    [property: Id(2)] long Number,
    [property: Id(3)] long LeaseMilliseconds,
    [property: Id(4)] long? BundleNumber = null,
    [property: Id(5)] long? OutsideNumber = null,
    [property: Id(6)] string? OutsideName = null)
{
    /// <summary>A silo that neither issues nor holds a bundle of its own: nobody waits for it.</summary>
    public const long HoldsNoBundle = -1;
}
