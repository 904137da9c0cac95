using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// What changed among the entries of a trust domain: those of <paramref name="Parents"/>, from <paramref name="After"/> up to <paramref name="Number"/>
/// of <paramref name="Epoch"/>. A number says nothing beside another epoch: whoever counted then is gone, and what was told last with it.
/// </summary>
/// <param name="Epoch">Drawn by each activation that counts.</param>
/// <param name="After">The number that a silo has to hold to know everything by this.</param>
/// <param name="Number">The number that it holds afterwards.</param>
/// <param name="Parents">SPIFFE IDs, some maybe twice.</param>
/// <param name="Anyone">Others' entries may have changed too; whose is not known any more.</param>
[GenerateSerializer, Immutable, Alias("mg.RegistrationNews")]
public sealed record RegistrationNews(
    [property: Id(0)] string Epoch,
    [property: Id(1)] long After,
    [property: Id(2)] long Number,
    [property: Id(3)] ImmutableArray<string> Parents,
    [property: Id(4)] bool Anyone);
