using System.Buffers.Binary;

namespace MeshGrains.Agent.Workloads;

/// <summary>
/// Which file it is and in which state: device, inode, size and change time. The last is the kernel's own and cannot be set back, as a modification time can.
/// </summary>
internal readonly record struct FileIdentity(ulong Device, ulong Inode, ulong Size, long Seconds, uint Nanoseconds)
{
    private const int CurrentDirectory = -100;

    /// <summary>Links are followed, the kernel's own ones below /proc to the very file. Null when there is none, or it may not be looked at.</summary>
    public static FileIdentity? Of(string path)
    {
        Span<byte> statx = stackalloc byte[Native.StatxBytes];
        return Native.Statx(CurrentDirectory, path, 0, statx) ? Read(statx) : null;
    }

    /// <summary>The same file in whatever state: an upgrade that unlinks a running program's file leaves it what it is.</summary>
    public bool IsSameFileAs(FileIdentity other) => Device == other.Device && Inode == other.Inode;

    public static FileIdentity? Of(int descriptor)
    {
        Span<byte> statx = stackalloc byte[Native.StatxBytes];
        return Native.Statx(descriptor, "", Native.AtEmptyPath, statx) ? Read(statx) : null;
    }

    // struct statx of linux/stat.h: the same on every architecture.
    private static FileIdentity Read(ReadOnlySpan<byte> statx) => new(
        ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(statx[136..]) << 32) | BinaryPrimitives.ReadUInt32LittleEndian(statx[140..]),
        BinaryPrimitives.ReadUInt64LittleEndian(statx[32..]), BinaryPrimitives.ReadUInt64LittleEndian(statx[40..]),
        BinaryPrimitives.ReadInt64LittleEndian(statx[96..]), BinaryPrimitives.ReadUInt32LittleEndian(statx[104..]));
}
