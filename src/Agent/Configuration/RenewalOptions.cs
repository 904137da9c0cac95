namespace MeshGrains.Agent;

/// <summary>Section <c>renewal</c>. SVIDs are renewed at half of their life.</summary>
internal sealed class RenewalOptions
{
    /// <summary>The part of the life by which the moment is spread to either side, 0 to 0.2.</summary>
    public double Jitter { get; set; } = 0.1;

    /// <summary>CSRs in one call, 1 to 128.</summary>
    public int BatchSize { get; set; } = 100;

    /// <summary>JWT-SVIDs kept at most, one for each identity and set of audiences.</summary>
    public int JwtCacheSize { get; set; } = 1000;
}
