namespace MeshGrains.Faults;

/// <summary>
/// A file as the processes of this machine would see it: what was synced, and over it what was only written. Shared by all handles of its path.
/// </summary>
internal sealed class OverlayFile
{
    private const int ChunkSize = 64 * 1024;

    private readonly List<byte[]> _chunks = [];
    private readonly SortedSet<int> _dirty = [];
    private long _size;
    private long _realSize;

    public int Handles { get; set; }

    public long Size => _size;

    /// <summary>Takes in what the real file holds when its first handle is opened.</summary>
    public void Load(ReadOnlySpan<byte> content)
    {
        Write(content, 0);
        _realSize = content.Length;
        _dirty.Clear();
    }

    /// <returns>How many bytes there were; the rest of the buffer is zero.</returns>
    public int Read(Span<byte> buffer, long offset)
    {
        var available = (int)Math.Clamp(_size - offset, 0, buffer.Length);
        buffer[available..].Clear();
        for (var done = 0; done < available;)
        {
            var (chunk, start) = Locate(offset + done);
            var count = Math.Min(available - done, ChunkSize - start);
            _chunks[chunk].AsSpan(start, count).CopyTo(buffer[done..]);
            done += count;
        }

        return available;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        Grow(offset + bytes.Length);
        for (var done = 0; done < bytes.Length;)
        {
            var (chunk, start) = Locate(offset + done);
            var count = Math.Min(bytes.Length - done, ChunkSize - start);
            bytes.Slice(done, count).CopyTo(_chunks[chunk].AsSpan(start));
            _dirty.Add(chunk);
            done += count;
        }
    }

    public void Truncate(long size)
    {
        Grow(size);
        var (chunk, start) = Locate(size);
        if (size < _size && chunk < _chunks.Count)
        {
            _chunks[chunk].AsSpan(start).Clear();
            _chunks.RemoveRange(chunk + 1, _chunks.Count - chunk - 1);
            _dirty.RemoveWhere(dirty => dirty > chunk);
            _dirty.Add(chunk);
        }

        _size = size;
    }

    /// <summary>Brings the real file to this state: first its length, then each piece that changed.</summary>
    public void Push(Action<long> truncate, WritePiece write)
    {
        if (_size < _realSize)
        {
            truncate(_size);
        }

        foreach (var chunk in _dirty)
        {
            var start = (long)chunk * ChunkSize;
            var length = (int)Math.Min(ChunkSize, _size - start);
            if (length > 0)
            {
                write(_chunks[chunk].AsSpan(0, length), start);
            }
        }

        _dirty.Clear();
        _realSize = _size;
    }

    private static (int Chunk, int Start) Locate(long offset) => ((int)(offset / ChunkSize), (int)(offset % ChunkSize));

    private void Grow(long size)
    {
        if (size > _size)
        {
            while ((long)_chunks.Count * ChunkSize < size)
            {
                _chunks.Add(new byte[ChunkSize]);
                _dirty.Add(_chunks.Count - 1);
            }

            _size = size;
        }
    }
}
