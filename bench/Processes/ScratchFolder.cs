namespace MeshGrains.Bench;

/// <summary>A folder for one run, on the disk where the product's data lie; deleted afterwards.</summary>
internal sealed class ScratchFolder : IDisposable
{
    /// <param name="under">Where it is made; the repository's artifacts folder as a rule, since /tmp may be memory.</param>
    /// <param name="keep">True leaves it there.</param>
    /// <param name="more">Tells a second folder of the same run from the first one.</param>
    public ScratchFolder(string under, bool keep = false, string more = "")
    {
        Path = System.IO.Path.Combine(under, $"bench-{Environment.ProcessId}{more}");
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Keep = keep;
    }

    public string Path { get; }

    public bool Keep { get; set; }

    public string Sub(string name) => Directory.CreateDirectory(System.IO.Path.Combine(Path, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;

    public void Dispose()
    {
        if (!Keep)
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (IOException failure)
            {
                Progress.Say($"{Path} is left behind: {failure.Message}");
            }
        }
    }
}
