using System.Runtime.InteropServices;

namespace MeshGrains.LocalCluster;

/// <summary>Signals to one process by its id, and this process's priority.</summary>
public static partial class Signals
{
    public const int Kill = 9;

    public const int Terminate = 15;

    /// <summary>Thaws a frozen process.</summary>
    public const int Continue = 18;

    /// <summary>Freezes a process.</summary>
    public const int Stop = 19;
    private const int LowestPriority = 19;

    public static void Send(int processId, int signal) => _ = SendSignal(processId, signal);

    /// <summary>Makes this process the leader of a session of its own, so that a terminal that closes does not end it.</summary>
    public static void LeaveSession() => _ = NewSession();

    public static void LowerPriority() => _ = Nice(LowestPriority);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "setsid", SetLastError = true)]
    private static partial int NewSession();

    [LibraryImport("libc", EntryPoint = "nice", SetLastError = true)]
    private static partial int Nice(int increment);
}
