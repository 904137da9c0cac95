using System.Text;

namespace MeshGrains.Cli;

/// <summary>
/// Files that belong together. All are written and synced beside their places before the first is moved into place, so that a full disk or a
/// missing permission loses nothing; each is seen whole or not at all.
/// </summary>
internal sealed class FileSet
{
    public const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    public const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Private = Secret | UnixFileMode.UserExecute;

    private readonly List<(string Path, string Text, UnixFileMode Mode)> _files = [];

    public IReadOnlyList<string> Paths => [.. _files.Select(file => file.Path)];

    public FileSet Add(string path, string text, UnixFileMode mode)
    {
        _files.Add((Path.GetFullPath(path), text, mode));
        return this;
    }

    /// <summary>Moves them into place in the order in which they were added.</summary>
    /// <exception cref="CliException">They cannot be written, or <paramref name="overwrite"/> is false and one is there.</exception>
    public void Write(bool overwrite)
    {
        if (!overwrite && _files.Find(file => File.Exists(file.Path)) is { Path: { } there })
        {
            throw CliException.Failed($"{there} exists and is not overwritten. Move it away, or give another directory.");
        }

        var staged = new List<string>();
        try
        {
            foreach (var (path, text, mode) in _files)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!, Private);
                var temporary = $"{path}.new";
                File.Delete(temporary);
                staged.Add(temporary);
                Stage(temporary, text, mode);
            }

            foreach (var (path, _, _) in _files)
            {
                File.Move($"{path}.new", path, overwrite);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            staged.ForEach(File.Delete);
            throw CliException.Failed($"The files cannot be written: {failure.Message}", failure);
        }
    }

    private static void Stage(string path, string text, UnixFileMode mode)
    {
        using var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        stream.Write(Encoding.UTF8.GetBytes(text));
        stream.Flush(flushToDisk: true);
    }
}
