namespace MeshGrains.Storage;

/// <summary>Where the log lies, and beside it its index.</summary>
internal readonly record struct LogPaths(string Log)
{
    public string Index => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(Log))!, Path.GetFileNameWithoutExtension(Log) + ".index.db");
}
