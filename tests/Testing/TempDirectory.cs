namespace MeshGrains.Testing;

/// <summary>A new folder of its own (mode 0700), removed with all it holds when disposed.</summary>
public sealed class TempDirectory : IDisposable
{
    public TempDirectory() => FullPath = Directory.CreateTempSubdirectory("mesh-").FullName;

    public string FullPath { get; }

    /// <summary>The path of <paramref name="name"/> inside; nothing is created.</summary>
    public string File(string name) => Path.Combine(FullPath, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        System.IO.File.WriteAllBytes(File(name), bytes.ToArray());
        return File(name);
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(FullPath, recursive: true);
        }
        catch (IOException)
        {
            // A process that is still ending may write once more; the system's own cleaning takes the rest.
        }
    }

    public override string ToString() => FullPath;
}
