namespace MeshGrains.Bench;

/// <summary>Where the state of a measured fleet lies.</summary>
internal enum FleetStore
{
    /// <summary>In the measuring process (<see cref="BlobStand"/>).</summary>
    Stand,

    /// <summary>In Azurite, in its memory.</summary>
    Azurite,
}
