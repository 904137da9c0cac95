using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Bench.Tests;

public sealed class ProductVersionTests
{
    [Fact]
    public async Task A_folder_is_a_version_when_a_published_program_lies_in_it()
    {
        using var folder = new TempDirectory();
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => ProductVersion.FromAsync(folder.FullPath, CancellationToken.None));
        Assert.Contains("dotnet publish", refused.Message, StringComparison.Ordinal);

        File.WriteAllText(folder.File("meshgrains"), "");
        Assert.Equal(new ProductVersion(folder.FullPath, folder.File("meshgrains")), await ProductVersion.FromAsync(folder.FullPath, CancellationToken.None));
    }

    [Fact]
    public async Task What_is_neither_a_folder_nor_a_commit_is_refused()
    {
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => ProductVersion.FromAsync("no-such-version", CancellationToken.None));

        Assert.Contains("neither a folder nor a commit", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_process_runs_the_version_that_it_was_given_last_with_what_the_other_needs_of_it()
    {
        var versions = new RollingVersions(new ProductVersion("n", "/n"), new ProductVersion("n+1", "/m"), ["jwt.enabled=false"]);
        var planted = new MemberTuning { Flags = ["--planted"] };

        versions.Plan("silo-1", newerOne: true);
        versions.Plan("silo-2", newerOne: true);
        versions.Plan("silo-2", newerOne: false);

        var (newer, back) = (versions.Of("silo-1", planted), versions.Of("silo-2", planted));
        Assert.Equal(("/m", "--set jwt.enabled=false --planted"), (newer.Program, string.Join(' ', newer.Flags)));
        Assert.Equal(("/n", "--planted"), (back.Program, string.Join(' ', back.Flags)));
        Assert.Equal("/n", versions.Of("gateway", planted).Program);
    }
}
