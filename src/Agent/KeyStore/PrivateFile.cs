namespace MeshGrains.Agent.KeyStore;

/// <summary>Files that nobody else may read, replaced in one step.</summary>
internal static class PrivateFile
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The bytes are on the disk before they have the name; whoever reads sees the old ones or the new ones.</summary>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        var next = path + ".new";
        File.Delete(next);
        using (var file = new FileStream(next, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Mode, BufferSize = 0 }))
        {
            file.Write(bytes);
            file.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
    }
}
