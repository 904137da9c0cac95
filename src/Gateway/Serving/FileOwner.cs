using System.Runtime.InteropServices;

namespace MeshGrains.Gateway.Serving;

/// <summary>Whose a file is: statx(2), whose structure is the same on every architecture.</summary>
internal static class FileOwner
{
    private const int AtCurrentDirectory = -100;
    private const uint ModeAndUid = 0x2 | 0x8;
    private const int StructureBytes = 256;
    private const int UidOffset = 20;
    private const int ModeOffset = 28;
    private const int PermissionBits = 0xFFF;

    /// <summary>Owner and permission bits; symbolic links are followed.</summary>
    /// <exception cref="IOException">The file cannot be looked at.</exception>
    public static (uint UserId, UnixFileMode Mode) Read(string path)
    {
        Span<byte> answer = stackalloc byte[StructureBytes];
        if (Statx(AtCurrentDirectory, path, 0, ModeAndUid, ref MemoryMarshal.GetReference(answer)) != 0)
        {
            throw new IOException($"'{path}' cannot be looked at: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        return (MemoryMarshal.Read<uint>(answer[UidOffset..]), (UnixFileMode)(MemoryMarshal.Read<ushort>(answer[ModeOffset..]) & PermissionBits));
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, ref byte answer);
}
