namespace MeshGrains.Grains;

/// <summary>How long a list of an issuing CA may become: relying parties load it whole, and the state that keeps it is one record.</summary>
internal static class CrlLimits
{
    public const int MaxLeaves = 4000;
    public const int MaxBytes = 512 * 1024;

    /// <summary>Log records that are looked at for one denial.</summary>
    public const int MaxRecords = 20_000;
}
