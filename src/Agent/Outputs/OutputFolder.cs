using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using MeshGrains.Agent.Workloads;
using Microsoft.Win32.SafeHandles;

namespace MeshGrains.Agent.Outputs;

/// <summary>
/// One output's files in one directory, as Kubernetes lays out its volumes: they lie in a folder <c>..NAME.7</c>, the link <c>..NAME</c> says which folder counts,
/// and what programs read are links through it. So one rename changes all of them, and no crash leaves an old key beside a new certificate. No number comes
/// twice: a reader that is slow finds its folder gone, never other files in it.
/// </summary>
internal sealed class OutputFolder(string directory, string name)
{
    private const UnixFileMode Searchable = (UnixFileMode)0b111_101_101;

    private string _staged = "";

    private string Counts => $"..{name}";

    /// <summary>Writes the files beside those that count, owned, moded and synced.</summary>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">They may not be written.</exception>
    public void Stage(IReadOnlyCollection<OutputFile> files, (uint? User, uint? Group) owner)
    {
        if (!Directory.Exists(directory))
        {
            throw new IOException($"the directory {directory} is not there; make it, with rights for who reads the files");
        }

        var counting = LinkTarget(Counts);
        var known = Generations();
        var newest = known.Append(Number(counting)).Max();
        RemoveAllBut(known, Number(counting));
        _staged = $"{Counts}.{(newest + 1).ToString(CultureInfo.InvariantCulture)}";
        Directory.CreateDirectory(At(_staged), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        // Whoever the directory belongs to can put another thing in a name's place: all that follows goes by handles.
        using var pinned = Pin(_staged);
        foreach (var file in files)
        {
            Write(Path.Combine(Inside(pinned), file.Name), file, owner);
        }

        File.SetUnixFileMode(Inside(pinned), Searchable);
    }

    /// <summary>Makes the staged files the ones that count.</summary>
    /// <exception cref="IOException">It cannot be done; those from before count on.</exception>
    public void Publish(IEnumerable<OutputFile> files)
    {
        Link(Counts, _staged);
        foreach (var file in files)
        {
            var target = Path.Combine(Counts, file.Name);
            if (LinkTarget(file.Name) != target)
            {
                Link(file.Name, target);
            }
        }
    }

    /// <summary>Takes one name away, if it is a link of this output.</summary>
    /// <exception cref="IOException">It cannot be removed.</exception>
    public void Unlink(string file)
    {
        if (LinkTarget(file) == Path.Combine(Counts, file))
        {
            File.Delete(At(file));
        }
    }

    /// <summary>Takes the files away that count no more, once their readers were told.</summary>
    public void DropOld() => RemoveAllBut(Generations(), Number(_staged));

    /// <summary>Takes back what was staged and not published.</summary>
    public void Unstage()
    {
        if (_staged.Length > 0 && Directory.Exists(At(_staged)) && LinkTarget(Counts) != _staged)
        {
            Remove(_staged);
        }
    }

    private static string Inside(SafeFileHandle handle) => $"/proc/self/fd/{handle.DangerousGetHandle()}";

    private static void Write(string path, OutputFile file, (uint? User, uint? Group) owner)
    {
        // For nobody else until it belongs to whom it shall belong to.
        using var stream = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        stream.Write(Encoding.ASCII.GetBytes(file.Text));
        if ((owner.User is not null || owner.Group is not null)
            && Native.Chown(stream.SafeFileHandle, owner.User ?? uint.MaxValue, owner.Group ?? uint.MaxValue) != 0)
        {
            throw new UnauthorizedAccessException($"{file.Path} cannot be given to its owner; the agent needs CAP_CHOWN for that");
        }

        File.SetUnixFileMode(stream.SafeFileHandle, file.Mode);
        stream.Flush(flushToDisk: true);
    }

    private string At(string file) => Path.Combine(directory, file);

    private string? LinkTarget(string file) => new FileInfo(At(file)).LinkTarget;

    private SafeFileHandle Pin(string folder)
    {
        var handle = Native.PinDirectory(At(folder));
        if (!handle.IsInvalid)
        {
            return handle;
        }

        handle.Dispose();
        throw new IOException($"{At(folder)} is no directory of the agent's; take it away");
    }

    private void Link(string file, string target)
    {
        var fresh = At($"{Counts}.new");
        File.Delete(fresh);
        File.CreateSymbolicLink(fresh, target);
        if (Native.Rename(fresh, At(file)) != 0)
        {
            var why = Marshal.GetLastPInvokeErrorMessage();
            File.Delete(fresh);
            throw new IOException($"{At(file)} cannot be replaced: {why}");
        }
    }

    /// <summary>The numbers of the folders that lie there, those of a crash too.</summary>
    private List<long> Generations() =>
        [.. Directory.EnumerateFileSystemEntries(directory, $"{Counts}.*").Select(path => Number(Path.GetFileName(path))).Where(number => number > 0)];

    private long Number(string? folder) =>
        folder?.StartsWith($"{Counts}.", StringComparison.Ordinal) == true
        && long.TryParse(folder.AsSpan(Counts.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private void RemoveAllBut(IEnumerable<long> numbers, long kept)
    {
        foreach (var number in numbers.Where(number => number != kept))
        {
            Remove($"{Counts}.{number.ToString(CultureInfo.InvariantCulture)}");
        }
    }

    private void Remove(string folder)
    {
        using (var pinned = Pin(folder))
        {
            foreach (var file in Directory.EnumerateFiles(Inside(pinned)))
            {
                File.Delete(file);
            }
        }

        Directory.Delete(At(folder));
    }
}
