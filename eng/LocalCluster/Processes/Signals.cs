using System.Runtime.InteropServices;

namespace MeshGrains.LocalCluster;

/// <summary>Signals to one process by its id, and this process's priority.</summary>
public static partial class Signals
{
    public const int Terminate = 15;
    private const int LowestPriority = 19;

    public static void Send(int processId, int signal) => _ = Kill(processId, signal);

    public static void LowerPriority() => _ = Nice(LowestPriority);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int processId, int signal);

    [LibraryImport("libc", EntryPoint = "nice", SetLastError = true)]
    private static partial int Nice(int increment);
}
