using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>One file that holds the bundle.</summary>
internal sealed class FileOutputOptions
{
    public string Name { get; set; } = "";

    /// <summary>Absolute; its directory has to be there.</summary>
    public string Path { get; set; } = "";

    public BundleFormat Format { get; set; } = BundleFormat.Pem;

    /// <summary>Octal permissions.</summary>
    public string Mode { get; set; } = "0644";

    public TimeSpan? Lag { get; set; }
}
