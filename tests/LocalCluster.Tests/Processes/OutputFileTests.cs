namespace MeshGrains.LocalCluster.Tests;

public sealed class OutputFileTests
{
    [Fact]
    public void Two_files_of_some_megabytes_are_the_most_there_is()
    {
        using var directory = new TempDirectory();
        var path = directory.File("logs/one.log");
        var line = new string('x', 100_000);
        using (var file = new OutputFile(path))
        {
            for (var i = 0; i < 200; i++)
            {
                file.Append(line);
            }
        }

        Assert.Equal(["one.log", "one.log.1"], Directory.GetFiles(directory.File("logs")).Select(Path.GetFileName).Order());
        Assert.All(Directory.GetFiles(directory.File("logs")), written => Assert.InRange(new FileInfo(written).Length, 1, 5_000_000));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }
}
