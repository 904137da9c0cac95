namespace MeshGrains.Grains;

/// <summary>
/// The answer to a confirmation: the store's number at that moment, the set when the silo holds another number, and whether the roster in it shows
/// the silo, so that its lease runs on from when it asked.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.DenialLease")]
public sealed record DenialLease(
    [property: Id(0)] long Number,
    [property: Id(1)] DenialSet? Set,
    [property: Id(2)] bool Granted);
