namespace MeshGrains.LocalCluster;

/// <summary>What a process prints, appended to a file. At 4 MB it becomes FILE.1 and begins anew, so that two of them are the most there is.</summary>
internal sealed class OutputFile : IDisposable
{
    private const long MaxBytes = 4 * 1024 * 1024;

    private readonly string _path;
    private readonly Lock _gate = new();
    private StreamWriter? _writer;

    public OutputFile(string path)
    {
        _path = path;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _writer = Open();
    }

    public void Append(string line)
    {
        lock (_gate)
        {
            try
            {
                if (_writer?.BaseStream.Length > MaxBytes)
                {
                    _writer.Dispose();
                    File.Move(_path, _path + ".1", overwrite: true);
                    _writer = Open();
                }

                _writer?.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk must not end the process whose lines these are.
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _writer?.Dispose();
            _writer = null;
        }
    }

    private StreamWriter Open() => new(new FileStream(_path, new FileStreamOptions
    {
        Mode = FileMode.Append,
        Access = FileAccess.Write,
        Share = FileShare.ReadWrite,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    }))
    {
        AutoFlush = true,
    };
}
