using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class FileSetTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Files_get_their_modes_in_a_directory_of_their_owner_alone()
    {
        new FileSet().Add(_directory.File("new/a"), "1", FileSet.Secret).Add(_directory.File("new/b"), "2", FileSet.Public).Write(overwrite: false);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File("new/a")));
        Assert.True(File.GetUnixFileMode(_directory.File("new/b")).HasFlag(UnixFileMode.UserRead));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory.File("new")));
        Assert.Equal(["a", "b"], Names("new"));
    }

    [Fact]
    public void An_open_mode_of_an_older_file_does_not_stay_on_a_secret()
    {
        var path = _directory.Write("key", "old");
        File.SetUnixFileMode(path, FileSet.Public);

        new FileSet().Add(path, "new", FileSet.Secret).Write(overwrite: true);

        Assert.Equal(FileSet.Secret, File.GetUnixFileMode(path));
        Assert.Equal("new", File.ReadAllText(path));
    }

    [Fact]
    public void When_one_file_cannot_be_written_none_is_changed_and_nothing_is_left_behind()
    {
        var first = _directory.Write("first", "old");
        _directory.Write("blocked", "a file where a directory is needed");

        var failure = Assert.Throws<CliException>(
            () => new FileSet().Add(first, "new", FileSet.Public).Add(_directory.File("blocked/second"), "x", FileSet.Public).Write(overwrite: true));

        Assert.Equal(ExitCode.Failed, failure.ExitCode);
        Assert.Equal("old", File.ReadAllText(first));
        Assert.Equal(["blocked", "first"], Names("."));
    }

    [Fact]
    public void Without_leave_nothing_is_overwritten_and_nothing_is_written_beside_it()
    {
        var there = _directory.Write("there", "old");

        Assert.Throws<CliException>(
            () => new FileSet().Add(_directory.File("other"), "x", FileSet.Public).Add(there, "new", FileSet.Public).Write(overwrite: false));

        Assert.Equal("old", File.ReadAllText(there));
        Assert.Equal(["there"], Names("."));
    }

    [Fact]
    public void What_a_killed_run_left_does_not_stop_the_next()
    {
        _directory.Write("a.new", "half");

        new FileSet().Add(_directory.File("a"), "whole", FileSet.Secret).Write(overwrite: true);

        Assert.Equal("whole", File.ReadAllText(_directory.File("a")));
        Assert.Equal(["a"], Names("."));
    }

    [Fact]
    public void A_file_that_is_too_large_is_not_read_whole()
    {
        var path = _directory.Write("large", new string('x', 3 * 1024 * 1024));

        Assert.Contains("too large", Assert.Throws<CliException>(() => TextFile.Read(path, "a test")).Message, StringComparison.Ordinal);
    }

    private string[] Names(string directory) => [.. Directory.EnumerateFileSystemEntries(_directory.File(directory)).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];
}
