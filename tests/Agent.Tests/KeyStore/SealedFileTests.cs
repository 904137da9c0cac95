using System.Text;
using MeshGrains.Agent.KeyStore;

namespace MeshGrains.Agent.Tests.KeyStore;

public sealed class SealedFileTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly SealKey _key;

    public SealedFileTests() => _key = SealKey.OpenOrCreate(_folder.File("seal.key"));

    public void Dispose()
    {
        _key.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void What_was_written_is_read_by_whoever_has_the_seal_key_and_is_not_there_in_clear()
    {
        File().Write("a secret of forty characters or thereabout"u8);
        using var again = SealKey.OpenOrCreate(_folder.File("seal.key"));

        Assert.Equal("a secret of forty characters or thereabout", Encoding.UTF8.GetString(File(again).Read(out var problem)!));
        Assert.Null(problem);
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(System.IO.File.ReadAllBytes(File().Path)), StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File().Path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(_folder.File("seal.key")));
        Assert.Equal(2, Directory.GetFiles(_folder.FullPath).Length);
    }

    [Fact]
    public void A_missing_file_is_no_problem()
    {
        Assert.Null(File().Read(out var problem));
        Assert.Null(problem);
    }

    [Fact]
    public void Another_seal_key_refuses_and_says_so()
    {
        File().Write("text"u8);
        using var other = SealKey.OpenOrCreate(_folder.File("other.key"));

        Assert.Null(File(other).Read(out var problem));
        Assert.Equal("it was sealed under another seal key", problem);
    }

    [Fact]
    public void Every_changed_byte_is_noticed()
    {
        File().Write("text"u8);
        var good = System.IO.File.ReadAllBytes(File().Path);
        for (var at = 0; at < good.Length; at++)
        {
            var bad = good.ToArray();
            bad[at] ^= 1;
            System.IO.File.WriteAllBytes(File().Path, bad);
            Assert.Null(File().Read(out var problem));
            Assert.NotNull(problem);
        }
    }

    [Theory]
    [InlineData("workloads", "other.mesh")]
    [InlineData("identity", "test.mesh")]
    public void Another_trust_domains_file_or_another_kind_of_content_is_refused(string kind, string trustDomain)
    {
        new SealedFile(_key, _folder.File("f"), kind, trustDomain).Write("text"u8);

        Assert.Null(File().Read(out var problem));
        Assert.Equal("it was changed, or is of another trust domain or kind", problem);
    }

    [Fact]
    public void Foreign_short_and_newer_files_are_told_apart()
    {
        _folder.Write("f", "-----BEGIN PRIVATE KEY-----\nthis is something else entirely\n");
        Assert.Null(File().Read(out var foreign));
        Assert.Equal("it is no sealed file of an agent", foreign);
        _folder.Write("f", "MGSEALED");
        Assert.Null(File().Read(out var cut));
        Assert.Equal("it is no sealed file of an agent", cut);
        File().Write("text"u8);
        var newer = System.IO.File.ReadAllBytes(File().Path);
        newer[8] = 2;
        _folder.Write("f", newer);
        Assert.Null(File().Read(out var later));
        Assert.StartsWith("it has format 2, and this agent reads 1", later, StringComparison.Ordinal);
    }

    [Fact]
    public void A_leftover_of_a_write_that_was_cut_off_does_no_harm()
    {
        _folder.Write("f.new", "half");

        File().Write("text"u8);

        Assert.Equal("text", Encoding.UTF8.GetString(File().Read(out _)!));
        Assert.False(System.IO.File.Exists(_folder.File("f.new")));
    }

    [Fact]
    public void A_seal_key_that_others_may_read_or_of_another_size_stops_the_start()
    {
        var open = _folder.Write("open.key", new byte[32]);
        System.IO.File.SetUnixFileMode(open, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        var small = _folder.Write("small.key", new byte[31]);
        System.IO.File.SetUnixFileMode(small, UnixFileMode.UserRead);

        Assert.Contains("chmod 0600", Assert.Throws<MeshGrains.Silo.ConfigurationException>(() => SealKey.OpenOrCreate(open)).Message, StringComparison.Ordinal);
        Assert.Contains("31 bytes", Assert.Throws<MeshGrains.Silo.ConfigurationException>(() => SealKey.OpenOrCreate(small)).Message, StringComparison.Ordinal);
    }

    private SealedFile File(SealKey? key = null) => new(key ?? _key, _folder.File("f"), "workloads", "test.mesh");
}
