using System.Runtime.InteropServices;

namespace MeshGrains.Faults;

/// <summary>SQLite's <c>sqlite3_vfs</c>, version 3 (https://www.sqlite.org/c3ref/vfs.html). Members that the shim passes on stay untyped.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SqliteVfs
{
    public int Version;
    public int FileSize;
    public int MaxPath;
    public SqliteVfs* Next;
    public byte* Name;
    public void* AppData;
    public delegate* unmanaged<SqliteVfs*, byte*, SqliteFile*, int, int*, int> Open;
    public delegate* unmanaged<SqliteVfs*, byte*, int, int> Delete;
    public delegate* unmanaged<SqliteVfs*, byte*, int, int*, int> Access;
    public void* FullPathname;
    public void* DlOpen;
    public void* DlError;
    public void* DlSym;
    public void* DlClose;
    public void* Randomness;
    public void* Sleep;
    public void* CurrentTime;
    public void* GetLastError;
    public void* CurrentTimeInt64;
    public void* SetSystemCall;
    public void* GetSystemCall;
    public void* NextSystemCall;
}
