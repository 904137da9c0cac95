namespace MeshGrains.Gateway;

/// <summary>
/// A small file that others replace: read again at most once in <paramref name="interval"/>. Its bytes are compared, not its times: a
/// projected volume swaps a folder behind a link whose own times never change.
/// </summary>
internal sealed class WatchedFile(string path, int maxBytes, TimeSpan interval, TimeProvider time)
{
    private readonly Lock _gate = new();
    private byte[]? _content;
    private long _read;

    public string Path { get; } = path;

    /// <summary>The content; the very same array while it does not change.</summary>
    /// <exception cref="IOException">It cannot be read, or is too large, and was never read before.</exception>
    public byte[] Read()
    {
        lock (_gate)
        {
            if (_content is not null && time.GetElapsedTime(_read) < interval)
            {
                return _content;
            }

            var fresh = ReadNow();
            _read = time.GetTimestamp();
            if (_content is null || !fresh.AsSpan().SequenceEqual(_content))
            {
                _content = fresh;
            }

            return _content;
        }
    }

    private byte[] ReadNow()
    {
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var buffer = new byte[maxBytes + 1];
            var length = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            return length <= maxBytes ? buffer[..length] : throw new IOException($"'{Path}' is larger than {maxBytes} bytes.");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"'{Path}' may not be read: {e.Message}", e);
        }
    }
}
