namespace MeshGrains.Grains;

/// <summary>Names of the grain stores that the host registers.</summary>
public static class GrainStores
{
    /// <summary>Authenticated single-record state.</summary>
    public const string Default = "mesh";
}
