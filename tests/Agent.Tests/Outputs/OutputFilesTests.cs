using MeshGrains.Agent.Outputs;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.Outputs;

public sealed class OutputFilesTests : IDisposable
{
    private const UnixFileMode OwnerAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempDirectory _folder = new();
    private readonly Accounts _accounts = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Certificate_key_and_bundle_are_there_whole_with_their_modes()
    {
        var output = OutputMaterial.Output(_folder);
        output.Mode = "0640";
        var bundle = OutputMaterial.Bundle(1);

        Write(output, 1, bundle);

        Assert.Equal(OutputMaterial.Svid(1).ChainPem, File.ReadAllText(output.Certificate));
        Assert.Equal(OutputMaterial.Svid(1).KeyPem, File.ReadAllText(output.Key));
        Assert.Equal(bundle.Pem, File.ReadAllText(output.Bundle));
        Assert.Equal(OwnerAlone, Mode(output.Key));
        Assert.Equal(OwnerAlone | UnixFileMode.GroupRead, Mode(output.Certificate));
    }

    [Fact]
    public void The_combined_file_holds_the_chain_and_then_the_key()
    {
        var output = new OutputOptions { Name = "haproxy", SpiffeId = OutputMaterial.SpiffeId, Combined = _folder.File("combined.pem") };

        Write(output, 1);

        Assert.Equal(OutputMaterial.Svid(1).ChainPem + OutputMaterial.Svid(1).KeyPem, File.ReadAllText(output.Combined));
        Assert.Equal(OwnerAlone, Mode(output.Combined));
    }

    [Fact]
    public void After_many_writes_nothing_old_is_left()
    {
        var output = OutputMaterial.Output(_folder);
        for (byte mark = 1; mark <= 5; mark++)
        {
            Write(output, mark);
            Assert.Equal(OutputMaterial.Svid(mark).KeyPem, File.ReadAllText(output.Key));
        }

        Assert.Equal(["..web", "..web.5", "bundle.pem", "svid.key", "svid.pem"], Names());
        Assert.Equal(["bundle.pem", "svid.key", "svid.pem"], Directory.EnumerateFiles(_folder.File("..web.5")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_reader_never_sees_a_key_beside_another_certificate()
    {
        var output = OutputMaterial.Output(_folder);
        Write(output, 1);
        using var done = new CancellationTokenSource();
        var (seen, mixed) = (0, 0);
        var keys = Enumerable.Range(1, 250).Select(mark => OutputMaterial.Svid((byte)mark)).ToDictionary(svid => svid.ChainPem, svid => svid.KeyPem);
        var reading = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                try
                {
                    // The moment that counts is the one at which a reader follows the link.
                    var place = Path.Combine(_folder.FullPath, new FileInfo(_folder.File("..web")).LinkTarget!);
                    var (certificate, key) = (File.ReadAllText(Path.Combine(place, "svid.pem")), File.ReadAllText(Path.Combine(place, "svid.key")));
                    mixed += key == keys[certificate] ? 0 : 1;
                    Interlocked.Increment(ref seen);
                }
                catch (IOException)
                {
                    // Taken away meanwhile, as a reader finds it that is slower than the program's reload.
                }
            }
        });
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 120 || (Volatile.Read(ref seen) < 20 && !patience.IsCancellationRequested); i++)
        {
            Write(output, (byte)(1 + (i % 240)));
        }

        await done.CancelAsync();
        await reading;
        Assert.True(seen >= 20, $"{seen} readings");
        Assert.Equal(0, mixed);
    }

    [Fact]
    public void What_cannot_be_written_leaves_what_was_there()
    {
        var output = OutputMaterial.Output(_folder);
        Write(output, 1);
        output.Bundle = Path.Combine(_folder.FullPath, "missing", "bundle.pem");

        var failure = Assert.Throws<IOException>(() => Write(output, 2));

        Assert.Contains("missing is not there", failure.Message, StringComparison.Ordinal);
        Assert.Equal(OutputMaterial.Svid(1).ChainPem, File.ReadAllText(output.Certificate));
        Assert.Equal(OutputMaterial.Svid(1).KeyPem, File.ReadAllText(output.Key));
        Assert.DoesNotContain("..web.2", Names());
    }

    [Fact]
    public void A_crash_between_staging_and_publishing_is_cleaned_up_by_the_next_write()
    {
        var output = OutputMaterial.Output(_folder);
        Write(output, 1);
        Directory.CreateDirectory(_folder.File("..web.2"));
        _folder.Write("..web.2/svid.key", "half");
        _folder.Write("..web.new", "half");

        Write(output, 2);

        Assert.Equal(OutputMaterial.Svid(2).KeyPem, File.ReadAllText(output.Key));
        Assert.Equal(["..web", "..web.3", "bundle.pem", "svid.key", "svid.pem"], Names());
    }

    [Fact]
    public void Plain_files_in_the_way_are_replaced()
    {
        var output = OutputMaterial.Output(_folder);
        _folder.Write("svid.pem", "self-signed");
        _folder.Write("svid.key", "self-signed");

        Write(output, 1);

        Assert.Equal(OutputMaterial.Svid(1).KeyPem, File.ReadAllText(output.Key));
    }

    [Fact]
    public void A_link_planted_in_the_agents_place_is_not_followed()
    {
        using var elsewhere = new TempDirectory();
        elsewhere.Write("svid.key", "precious");
        Directory.CreateSymbolicLink(_folder.File("..web.7"), elsewhere.FullPath);

        var failure = Assert.Throws<IOException>(() => Write(OutputMaterial.Output(_folder), 1));

        Assert.Contains("take it away", failure.Message, StringComparison.Ordinal);
        Assert.Equal("precious", File.ReadAllText(elsewhere.File("svid.key")));
    }

    [Fact]
    public void Two_outputs_share_a_directory()
    {
        var (one, two) = (OutputMaterial.Output(_folder), OutputMaterial.Output(_folder));
        (two.Name, two.Certificate, two.Key, two.Bundle) = ("api", _folder.File("api.pem"), _folder.File("api.key"), "");

        Write(one, 1);
        Write(two, 2);
        Write(one, 3);

        Assert.Equal(OutputMaterial.Svid(3).KeyPem, File.ReadAllText(one.Key));
        Assert.Equal(OutputMaterial.Svid(2).KeyPem, File.ReadAllText(two.Key));
    }

    [SkippableFact]
    public void Files_belong_to_whom_the_output_says()
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "only root can give files away");
        var output = OutputMaterial.Output(_folder);
        output.Owner = "4711:4712";

        Write(output, 1);

        var owners = Tool.Run("stat", ["-L", "-c", "%u:%g", output.Key, output.Certificate, output.Bundle]).EnsureSuccess().Output;
        Assert.Equal("4711:4712\n4711:4712\n4711:4712\n", owners);
    }

    private static UnixFileMode Mode(string path) => File.GetUnixFileMode(new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)!.FullName);

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(_folder.FullPath).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    private void Write(OutputOptions output, byte mark, Svids.TrustBundle? bundle = null)
    {
        var files = new OutputFiles(output, _accounts);
        files.Write(OutputMaterial.Svid(mark), bundle ?? OutputMaterial.Bundle(mark));
        files.DropOld();
    }
}
