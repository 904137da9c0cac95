using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace MeshGrains.Bench;

/// <summary>fdatasync(2).</summary>
internal static partial class DiskSync
{
    /// <exception cref="Win32Exception">The disk refused.</exception>
    public static void DataSync(SafeFileHandle file)
    {
        if (FDataSync(file) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);
}
