using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>The whole denial set of a trust domain at one number. Additions and removals both raise the number.</summary>
[GenerateSerializer, Immutable, Alias("mg.DenialSet")]
public sealed record DenialSet([property: Id(0)] long Number, [property: Id(1)] ImmutableArray<Denial> Denials)
{
    public static DenialSet Empty { get; } = new(0, []);
}
