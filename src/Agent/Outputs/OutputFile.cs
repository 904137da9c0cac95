namespace MeshGrains.Agent.Outputs;

/// <summary>A file of an output as it is to be. <paramref name="Path"/> is absolute.</summary>
internal sealed record OutputFile(string Path, string Text, UnixFileMode Mode)
{
    public string Directory => System.IO.Path.GetDirectoryName(Path)!;

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Never the text: it may hold a key.</summary>
    public override string ToString() => Path;
}
