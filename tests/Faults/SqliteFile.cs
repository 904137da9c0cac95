using System.Runtime.InteropServices;

namespace MeshGrains.Faults;

/// <summary>An open file of SQLite's. In the shim's files a number follows, by which its overlay is found, and then the real file.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SqliteFile
{
    public SqliteIoMethods* Methods;
    public nint Overlay;
}
