using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// One gate of a rotation's phase. <paramref name="Waits"/> counts what is missing and <paramref name="Names"/> names the first of it;
/// <paramref name="OpensBy"/> is an estimate, null when there is none.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.RotationGate")]
public sealed record RotationGate(
    [property: Id(0)] string Name,
    [property: Id(1)] bool IsOpen,
    [property: Id(2)] long Waits,
    [property: Id(3)] ImmutableArray<string> Names,
    [property: Id(4)] string Detail,
    [property: Id(5)] DateTimeOffset? OpensBy)
{
    public const string Silos = "silos";
    public const string Fence = "fence";
    public const string Certificates = "certificates";
    public const string Agents = "agents";
    public const string Outside = "outside";
    public const string Hold = "hold";
    public const string Restore = "restore";
}
