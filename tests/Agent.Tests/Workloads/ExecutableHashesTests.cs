using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Workloads;

public sealed class ExecutableHashesTests
{
    private const string OfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    [Fact]
    public async Task A_file_is_hashed_and_another_content_under_its_name_is_hashed_anew()
    {
        using var folder = new TempDirectory();
        using var hashes = new ExecutableHashes(1024);
        var file = folder.Write("a", "abc");
        Assert.Equal(OfAbc, await hashes.OfAsync(file, CancellationToken.None));
        var (written, before) = (File.GetLastWriteTimeUtc(file), FileIdentity.Of(file));

        // Set back, as an attacker would: the kernel's own change time goes on, though no finer than its clock ticks.
        await Eventually.HoldsAsync(
            () =>
            {
                File.WriteAllText(file, "abd");
                File.SetLastWriteTimeUtc(file, written);
                return FileIdentity.Of(file) != before;
            },
            "the change shows");
        Assert.NotEqual(OfAbc, await hashes.OfAsync(file, CancellationToken.None));
    }

    [Fact]
    public async Task A_file_that_is_too_large_has_none()
    {
        using var folder = new TempDirectory();
        using var hashes = new ExecutableHashes(3);

        Assert.NotNull(await hashes.OfAsync(folder.Write("a", "abc"), CancellationToken.None));
        Assert.Null(await hashes.OfAsync(folder.Write("b", "abcd"), CancellationToken.None));
    }

    [Fact]
    public async Task Large_files_and_many_callers_agree_with_sha256sum()
    {
        using var folder = new TempDirectory();
        using var hashes = new ExecutableHashes(10_000_000);
        var file = folder.Write("a", new byte[1_000_003]);
        var expected = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)));

        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => hashes.OfAsync(file, CancellationToken.None)));

        Assert.All(all, hash => Assert.Equal(expected, hash));
    }

    [Fact]
    public async Task What_is_not_there_throws()
    {
        using var hashes = new ExecutableHashes(3);

        await Assert.ThrowsAnyAsync<IOException>(() => hashes.OfAsync("/nowhere", CancellationToken.None));
    }
}
