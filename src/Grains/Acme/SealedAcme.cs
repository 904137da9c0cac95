namespace MeshGrains.Grains;

/// <summary>The sealed document with its number, which grows by one at each write. Number 0 has no box: nothing was written yet.</summary>
[GenerateSerializer, Immutable, Alias("mg.SealedAcme")]
public sealed record SealedAcme([property: Id(0)] long Number, [property: Id(1)] byte[] Box)
{
    /// <summary>Room for two keys, a chain and an order.</summary>
    public const int MaxBytes = 512 * 1024;
}
