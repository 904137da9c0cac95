using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace MeshGrains.Faults;

/// <summary>
/// A SQLite VFS over the real one that keeps writes of databases, WALs and journals in memory until they are synced. A SIGKILL then loses what a
/// loss of power would lose. Locks, shared memory and everything else go to the real VFS.
/// </summary>
internal static unsafe partial class SqliteShim
{
    private const string Library = "e_sqlite3";
    private const int Ok = 0;
    private const int IoError = 10;
    private const int IoErrorShortRead = IoError | (2 << 8);
    private const int OpenMainDatabase = 0x100;
    private const int OpenMainJournal = 0x800;
    private const int OpenWal = 0x80000;
    private const int AccessExists = 0;
    private const int NotFound = 12;
    private const int ControlSizeHint = 5;
    private const int ControlMmapSize = 18;

    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, OverlayFile> Overlays = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<nint, (string Path, OverlayFile File)> Handles = new();
    private static SqliteVfs* _real;
    private static SqliteIoMethods* _methods;
    private static bool _honoursSync;
    private static nint _lastHandle;

    /// <summary>Makes the shim the default VFS of this process.</summary>
    public static void Register(bool honoursSync)
    {
        _honoursSync = honoursSync;
        Require(Initialize(), "sqlite3_initialize");
        _real = Find(null);
        _methods = (SqliteIoMethods*)NativeMemory.AllocZeroed((nuint)sizeof(SqliteIoMethods));
        *_methods = new SqliteIoMethods
        {
            Version = 2,
            Close = &Close,
            Read = &Read,
            Write = &Write,
            Truncate = &Truncate,
            Sync = &Sync,
            FileSize = &FileSize,
            Lock = &LockFile,
            Unlock = &Unlock,
            CheckReservedLock = &CheckReservedLock,
            FileControl = &FileControl,
            SectorSize = &SectorSize,
            DeviceCharacteristics = &DeviceCharacteristics,
            ShmMap = &ShmMap,
            ShmLock = &ShmLock,
            ShmBarrier = &ShmBarrier,
            ShmUnmap = &ShmUnmap,
        };
        var shim = (SqliteVfs*)NativeMemory.AllocZeroed((nuint)sizeof(SqliteVfs));
        *shim = *_real;
        shim->FileSize = sizeof(SqliteFile) + _real->FileSize;
        shim->Next = null;
        shim->Name = (byte*)Marshal.StringToCoTaskMemUTF8("mesh-faults");
        shim->Open = &Open;
        shim->Delete = &Delete;
        shim->Access = &Access;
        Require(RegisterVfs(shim, 1), "sqlite3_vfs_register");
    }

    private static void Require(int code, string call)
    {
        if (code != Ok)
        {
            throw new InvalidOperationException($"{call} answered {code}.");
        }
    }

    private static SqliteFile* Real(SqliteFile* file) => (SqliteFile*)((byte*)file + sizeof(SqliteFile));

    private static SqliteIoMethods* RealMethods(SqliteFile* file) => Real(file)->Methods;

    private static OverlayFile Overlay(SqliteFile* file) => Handles[file->Overlay].File;

    [UnmanagedCallersOnly]
    private static int Open(SqliteVfs* vfs, byte* name, SqliteFile* file, int flags, int* outFlags)
    {
        file->Methods = null;
        if (name is null || (flags & (OpenMainDatabase | OpenMainJournal | OpenWal)) == 0)
        {
            // Temporary files hold nothing that outlives the process.
            return _real->Open(_real, name, file, flags, outFlags);
        }

        var code = _real->Open(_real, name, Real(file), flags, outFlags);
        if (code != Ok)
        {
            return code;
        }

        try
        {
            var path = Marshal.PtrToStringUTF8((nint)name)!;
            lock (Gate)
            {
                if (!Overlays.TryGetValue(path, out var overlay))
                {
                    overlay = new OverlayFile();
                    Load(overlay, file);
                    Overlays.Add(path, overlay);
                }

                overlay.Handles++;
                file->Overlay = ++_lastHandle;
                Handles[file->Overlay] = (path, overlay);
            }

            file->Methods = _methods;
            return Ok;
        }
        catch (Exception)
        {
            RealMethods(file)->Close(Real(file));
            return IoError;
        }
    }

    private static void Load(OverlayFile overlay, SqliteFile* file)
    {
        long size;
        Require(RealMethods(file)->FileSize(Real(file), &size), "xFileSize");
        var content = new byte[size];
        fixed (byte* bytes = content)
        {
            if (size > 0)
            {
                Require(RealMethods(file)->Read(Real(file), bytes, (int)size, 0), "xRead");
            }
        }

        overlay.Load(content);
    }

    [UnmanagedCallersOnly]
    private static int Delete(SqliteVfs* vfs, byte* name, int syncFolder)
    {
        var path = Marshal.PtrToStringUTF8((nint)name)!;
        lock (Gate)
        {
            Overlays.Remove(path);
        }

        return _real->Delete(_real, name, syncFolder);
    }

    [UnmanagedCallersOnly]
    private static int Access(SqliteVfs* vfs, byte* name, int flags, int* result)
    {
        if (flags == AccessExists)
        {
            var path = Marshal.PtrToStringUTF8((nint)name)!;
            lock (Gate)
            {
                if (Overlays.TryGetValue(path, out var overlay) && overlay.Size > 0)
                {
                    *result = 1;
                    return Ok;
                }
            }
        }

        return _real->Access(_real, name, flags, result);
    }

    [UnmanagedCallersOnly]
    private static int Close(SqliteFile* file)
    {
        var code = Ok;
        lock (Gate)
        {
            Handles.TryRemove(file->Overlay, out var handle);
            if (--handle.File.Handles == 0)
            {
                // The last one out: what the system would write in its own time is written now.
                if (Overlays.TryGetValue(handle.Path, out var known) && known == handle.File)
                {
                    code = Push(handle.File, file);
                    Overlays.Remove(handle.Path);
                }
            }
        }

        var closed = RealMethods(file)->Close(Real(file));
        return code != Ok ? code : closed;
    }

    [UnmanagedCallersOnly]
    private static int Read(SqliteFile* file, byte* buffer, int count, long offset)
    {
        lock (Gate)
        {
            return Overlay(file).Read(new Span<byte>(buffer, count), offset) == count ? Ok : IoErrorShortRead;
        }
    }

    [UnmanagedCallersOnly]
    private static int Write(SqliteFile* file, byte* buffer, int count, long offset)
    {
        lock (Gate)
        {
            Overlay(file).Write(new ReadOnlySpan<byte>(buffer, count), offset);
            return Ok;
        }
    }

    [UnmanagedCallersOnly]
    private static int Truncate(SqliteFile* file, long size)
    {
        lock (Gate)
        {
            Overlay(file).Truncate(size);
            return Ok;
        }
    }

    [UnmanagedCallersOnly]
    private static int Sync(SqliteFile* file, int flags)
    {
        if (!_honoursSync)
        {
            return Ok;
        }

        lock (Gate)
        {
            var code = Push(Overlay(file), file);
            if (code != Ok)
            {
                return code;
            }
        }

        return RealMethods(file)->Sync(Real(file), flags);
    }

    private static int Push(OverlayFile overlay, SqliteFile* file)
    {
        var real = Real(file);
        var methods = RealMethods(file);
        var code = Ok;
        overlay.Push(
            size => code |= methods->Truncate(real, size),
            (bytes, offset) =>
            {
                fixed (byte* first = bytes)
                {
                    code |= methods->Write(real, first, bytes.Length, offset);
                }
            });
        return code == Ok ? Ok : IoError;
    }

    [UnmanagedCallersOnly]
    private static int FileSize(SqliteFile* file, long* size)
    {
        lock (Gate)
        {
            *size = Overlay(file).Size;
            return Ok;
        }
    }

    [UnmanagedCallersOnly]
    private static int LockFile(SqliteFile* file, int level) => RealMethods(file)->Lock(Real(file), level);

    [UnmanagedCallersOnly]
    private static int Unlock(SqliteFile* file, int level) => RealMethods(file)->Unlock(Real(file), level);

    [UnmanagedCallersOnly]
    private static int CheckReservedLock(SqliteFile* file, int* result) => RealMethods(file)->CheckReservedLock(Real(file), result);

    [UnmanagedCallersOnly]
    private static int FileControl(SqliteFile* file, int operation, void* argument)
        => operation switch
        {
            ControlSizeHint => Ok,
            ControlMmapSize => NotFound,
            _ => RealMethods(file)->FileControl(Real(file), operation, argument),
        };

    [UnmanagedCallersOnly]
    private static int SectorSize(SqliteFile* file) => RealMethods(file)->SectorSize(Real(file));

    [UnmanagedCallersOnly]
    private static int DeviceCharacteristics(SqliteFile* file) => RealMethods(file)->DeviceCharacteristics(Real(file));

    [UnmanagedCallersOnly]
    private static int ShmMap(SqliteFile* file, int page, int size, int extend, void** result)
        => RealMethods(file)->ShmMap(Real(file), page, size, extend, result);

    [UnmanagedCallersOnly]
    private static int ShmLock(SqliteFile* file, int offset, int count, int flags) => RealMethods(file)->ShmLock(Real(file), offset, count, flags);

    [UnmanagedCallersOnly]
    private static void ShmBarrier(SqliteFile* file) => RealMethods(file)->ShmBarrier(Real(file));

    [UnmanagedCallersOnly]
    private static int ShmUnmap(SqliteFile* file, int delete) => RealMethods(file)->ShmUnmap(Real(file), delete);

    [LibraryImport(Library, EntryPoint = "sqlite3_initialize")]
    private static partial int Initialize();

    [LibraryImport(Library, EntryPoint = "sqlite3_vfs_find")]
    private static partial SqliteVfs* Find(byte* name);

    [LibraryImport(Library, EntryPoint = "sqlite3_vfs_register")]
    private static partial int RegisterVfs(SqliteVfs* vfs, int makeDefault);
}
