using System.Buffers.Binary;
using System.Security.Cryptography;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// SHA-256 of executables. A hash is kept by device, inode, size and change time: the last is the kernel's own and cannot be set back, as a modification
/// time can.
/// </summary>
internal sealed class ExecutableHashes(long maxBytes)
{
    private const int MostKept = 1024;

    private readonly Lock _gate = new();
    private readonly Dictionary<(ulong Device, ulong Inode, ulong Size, long Seconds, uint Nanoseconds), string> _known = [];

    /// <summary>Lowercase hex; null when the file is too large.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public string? Of(string path)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        Span<byte> statx = stackalloc byte[Native.StatxBytes];
        if (!Native.Statx((int)file.DangerousGetHandle(), statx))
        {
            throw new IOException($"statx refused {path}.");
        }

        var key = (
            ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(statx[136..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(statx[140..]),
            BinaryPrimitives.ReadUInt64LittleEndian(statx[32..]), BinaryPrimitives.ReadUInt64LittleEndian(statx[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(statx[96..]), BinaryPrimitives.ReadUInt32LittleEndian(statx[104..]));
        if (key.Item3 > (ulong)maxBytes)
        {
            return null;
        }

        lock (_gate)
        {
            if (_known.TryGetValue(key, out var known))
            {
                return known;
            }
        }

        using var stream = new FileStream(file, FileAccess.Read, bufferSize: 128 * 1024);
        var hash = Convert.ToHexStringLower(SHA256.HashData(stream));
        lock (_gate)
        {
            if (_known.Count >= MostKept)
            {
                _known.Clear();
            }

            _known[key] = hash;
        }

        return hash;
    }
}
