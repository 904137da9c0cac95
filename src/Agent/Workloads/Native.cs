using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MeshGrains.Agent.Workloads;

/// <summary>What .NET has no name for: pidfds, statx, fchown, rename, kill.</summary>
internal static class Native
{
    public const int AtEmptyPath = 0x1000;
    public const int StatxBytes = 256;

    private const uint StatxBasic = 0x7ff;

    // The same number on x64 and arm64, as every system call since 5.1.
    private const long PidfdOpenCall = 434;
    private const short PollIn = 1;

    /// <summary>O_PATH and O_CLOEXEC.</summary>
    private const int OpenPath = 0x280000;

    /// <summary>O_DIRECTORY and O_NOFOLLOW, whose numbers are others on Arm.</summary>
    private static readonly int DirectoryFlags = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? 0xC000 : 0x30000;

    /// <summary>A handle of a process, whatever becomes of its number; -1 when there is none such.</summary>
    public static int PidfdOpen(int pid) => (int)Syscall(PidfdOpenCall, pid, 0);

    /// <summary>A pidfd becomes readable when its process has ended.</summary>
    public static bool HasEnded(int pidfd)
    {
        var poll = new PollFd { Descriptor = pidfd, Events = PollIn };
        return Poll(ref poll, 1, 0) != 0;
    }

    /// <summary>Fills a statx buffer for a path below an open folder, or with <see cref="AtEmptyPath"/> for an open file; false when the kernel refuses.</summary>
    public static bool Statx(int descriptor, string path, int flags, Span<byte> buffer)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(buffer.Length, StatxBytes);
        return StatxCall(descriptor, path, flags, StatxBasic, ref MemoryMarshal.GetReference(buffer)) == 0;
    }

    /// <summary>
    /// A handle of a directory that is no link, whatever becomes of its name; invalid when there is none. What lies in it is reached through
    /// <c>/proc/self/fd</c>.
    /// </summary>
    public static SafeFileHandle PinDirectory(string path) => new(OpenCall(path, OpenPath | DirectoryFlags, 0), ownsHandle: true);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Close(int descriptor);

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Kill(int pid, int signal);

    [DllImport("libc", EntryPoint = "fchown", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Chown(SafeFileHandle file, uint owner, uint group);

    /// <summary>Takes the place of what has the new name, links included, in one step.</summary>
    [DllImport("libc", EntryPoint = "rename", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    public static extern int Rename(string from, string to);

    [DllImport("libc", EntryPoint = "open", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenCall(string path, int flags, int mode);

    [DllImport("libc", EntryPoint = "syscall", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long Syscall(long number, long first, long second);

    [DllImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll(ref PollFd descriptors, nuint count, int timeoutMs);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true, CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatxCall(int directory, string path, int flags, uint mask, ref byte buffer);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollFd
    {
        public int Descriptor;
        public short Events;
        public short Happened;
    }
}
