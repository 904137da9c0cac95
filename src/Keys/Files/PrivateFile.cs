using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace MeshGrains.Keys.Files;

/// <summary>Files that only their owner may touch: read with their mode checked, written so that a crash leaves the old or the new one whole.</summary>
internal static partial class PrivateFile
{
    private const int MaxBytes = 64 * 1024;
    private const UnixFileMode OthersMask =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute |
        UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Makes the directory 0700 when it is missing; refuses one that others may write to.</summary>
    public static void EnsureDirectory(string directory)
    {
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(directory);
                return;
            }

            if (!Directory.Exists(directory))
            {
                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                return;
            }

            var mode = File.GetUnixFileMode(directory);
            if ((mode & (UnixFileMode.GroupWrite | UnixFileMode.OtherWrite)) != 0)
            {
                throw KeyRules.Invalid($"The key directory {directory} can be written by others. Run: chmod 700 '{directory}'");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyManagerException(KeyManagerError.Unavailable, $"The key directory {directory} cannot be made or read: {e.Message}", e);
        }
    }

    /// <summary>The file's bytes. The mode is read from the open file, so that it cannot be swapped in between.</summary>
    public static byte[] Read(string path)
    {
        try
        {
            using var handle = File.OpenHandle(path);
            if (!OperatingSystem.IsWindows())
            {
                RequirePrivate(handle, path);
            }

            var length = RandomAccess.GetLength(handle);
            if (length > MaxBytes)
            {
                throw KeyRules.Invalid($"The file {path} has {length} bytes; at most {MaxBytes} were expected.");
            }

            var bytes = new byte[length];
            var read = 0;
            while (read < bytes.Length)
            {
                var n = RandomAccess.Read(handle, bytes.AsSpan(read), read);
                if (n == 0)
                {
                    throw KeyRules.Invalid($"The file {path} shrank while it was read.");
                }

                read += n;
            }

            return bytes;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KeyManagerException(KeyManagerError.NotFound, $"The file {path} does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyManagerException(KeyManagerError.Unavailable, $"The file {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Writes a new file 0600, durable when this returns. False when the name is taken already; that file is left as it is.</summary>
    public static bool TryCreate(string path, ReadOnlySpan<byte> content, string temporarySuffix)
    {
        var temporary = $"{path}.{temporarySuffix}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Share = FileShare.None };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            try
            {
                File.Move(temporary, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(temporary);
                return false;
            }

            SyncDirectory(Path.GetDirectoryName(path)!);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeyManagerException(KeyManagerError.Unavailable, $"The file {path} cannot be written: {e.Message}", e);
        }
    }

    [UnsupportedOSPlatform("windows")]
    private static void RequirePrivate(SafeFileHandle handle, string path)
    {
        if ((File.GetUnixFileMode(handle) & OthersMask) != 0)
        {
            throw KeyRules.Invalid($"The file {path} can be used by its group or by others. Run: chmod 600 '{path}'");
        }
    }

    /// <summary>A renamed file is durable only once its directory is, and .NET opens no directories.</summary>
    private static void SyncDirectory(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(directory, 0);
        if (descriptor < 0)
        {
            throw new IOException($"The directory {directory} cannot be opened to make it durable (errno {Marshal.GetLastPInvokeError()}).");
        }

        var synced = FSync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (synced != 0)
        {
            throw new IOException($"The directory {directory} cannot be made durable (errno {error}).");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
