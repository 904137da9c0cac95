using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

public sealed class FileBundleTargetTests : IDisposable
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private readonly TempDirectory _folder = new();

    private string Path => _folder.File("ca.pem");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_file_holds_the_roots_alone_with_the_mode_that_was_asked_for()
    {
        Assert.Equal(3, await Target().PublishAsync(Bundles.Published(3), default));

        Assert.Equal(Bundles.Numbered(3).ToPem(), File.ReadAllText(Path));
        Assert.Equal(Mode, File.GetUnixFileMode(Path));
        Assert.Equal([".ca.pem.lock", ".ca.pem.number", "ca.pem"], Directory.GetFiles(_folder.FullPath).Select(System.IO.Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task In_the_SPIFFE_format_sequence_and_hint_stand_in_it()
    {
        await Target(BundleFormat.Spiffe).PublishAsync(Bundles.Published(3), default);
        Assert.True(SpiffeBundle.TryRead(File.ReadAllBytes(Path), TrustDomain.Parse("mesh.test"), out var read, out _));
        Assert.Equal(3UL, read.Sequence);
        Assert.True(read.HasSameAuthorities(Bundles.Numbered(3)));
    }

    [Fact]
    public async Task An_older_bundle_does_not_replace_a_newer_one_of_another_silo()
    {
        await Target().PublishAsync(Bundles.Published(8), default);
        Assert.Equal(8, await Target().PublishAsync(Bundles.Published(7), default));
        Assert.Equal(Bundles.Numbered(8).ToPem(), File.ReadAllText(Path));
    }

    [Fact]
    public async Task What_lies_there_already_is_not_written_again()
    {
        await Target().PublishAsync(Bundles.Published(3), default);
        var written = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(Path, written);
        Assert.Equal(3, await Target().PublishAsync(Bundles.Published(3), default));
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path));
    }

    [Theory]
    [InlineData("altered")]
    [InlineData("deleted")]
    [InlineData("mode")]
    [InlineData("link")]
    public async Task What_others_changed_comes_back(string change)
    {
        await Target().PublishAsync(Bundles.Published(3), default);
        switch (change)
        {
            case "altered":
                File.WriteAllText(Path, File.ReadAllText(Path).ToLowerInvariant());
                break;
            case "mode":
                File.SetUnixFileMode(Path, UnixFileMode.UserRead);
                break;
            case "link":
                File.Move(Path, _folder.File("elsewhere"));
                File.CreateSymbolicLink(Path, _folder.File("elsewhere"));
                break;
            default:
                File.Delete(Path);
                break;
        }

        Assert.Equal(3, await Target().PublishAsync(Bundles.Published(3), default));
        Assert.Equal(Bundles.Numbered(3).ToPem(), File.ReadAllText(Path));
        Assert.Equal(Mode, File.GetUnixFileMode(Path));
        Assert.Null(new FileInfo(Path).LinkTarget);
    }

    [Fact]
    public async Task A_write_that_was_cut_after_the_number_is_finished()
    {
        await Target().PublishAsync(Bundles.Published(3), default);
        var old = File.ReadAllBytes(Path);
        await Target().PublishAsync(Bundles.Published(4), default);
        File.WriteAllBytes(Path, old);

        Assert.Equal(4, await Target().PublishAsync(Bundles.Published(4), default));
        Assert.Equal(Bundles.Numbered(4).ToPem(), File.ReadAllText(Path));
    }

    [Fact]
    public async Task A_file_of_another_trust_domain_is_left_alone()
    {
        await Target().PublishAsync(Bundles.Published(3), default);
        var refused = await Assert.ThrowsAsync<PublishingException>(() => Target().PublishAsync(Bundles.Published(9, "other.test"), default));
        Assert.Contains("mesh.test", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Bundles.Numbered(3).ToPem(), File.ReadAllText(Path));
    }

    [Fact]
    public async Task A_number_that_nobody_can_read_is_written_anew()
    {
        await Target().PublishAsync(Bundles.Published(3), default);
        File.WriteAllText(_folder.File(".ca.pem.number"), "{\"garbage");
        Assert.Equal(2, await Target().PublishAsync(Bundles.Published(2), default));
        Assert.Equal(Bundles.Numbered(2).ToPem(), File.ReadAllText(Path));
    }

    [Fact]
    public async Task A_directory_that_is_missing_is_told_with_what_to_do()
    {
        var target = new FileBundleTarget("edge", _folder.File("gone/ca.pem"), BundleFormat.Pem, Mode, TimeSpan.Zero, TimeProvider.System);
        var refused = await Assert.ThrowsAsync<PublishingException>(() => target.PublishAsync(Bundles.Published(3), default));
        Assert.Contains("Make it, writable", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Silos_that_write_at_once_leave_the_newest_whole()
    {
        await Task.WhenAll(Enumerable.Range(1, 12).Select(async number =>
        {
            for (var tries = 0; ; tries++)
            {
                try
                {
                    Assert.InRange(await Target().PublishAsync(Bundles.Published(number), default), number, 12);
                    return;
                }
                catch (PublishingException) when (tries < 2000)
                {
                    // Another holds the lock; the publisher would come back too.
                    await Task.Delay(5);
                }
            }
        }));

        Assert.Equal(Bundles.Numbered(12).ToPem(), File.ReadAllText(Path));
    }

    private FileBundleTarget Target(BundleFormat format = BundleFormat.Pem) => new("edge", Path, format, Mode, TimeSpan.Zero, TimeProvider.System);
}
