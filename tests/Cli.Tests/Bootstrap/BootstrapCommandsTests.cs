using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class BootstrapCommandsTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_silos_certificate_holds_under_the_ca_and_names_role_and_silo()
    {
        var init = await InitAsync("ca");
        var issue = await IssueAsync("ca", "silo-1", "--role", "authority", "--dns", "silo-1.mesh.test");

        Assert.Equal((ExitCode.Done, ExitCode.Done), (init.ExitCode, issue.ExitCode));
        var anchors = TrustBundleFile.Load(_directory.File("silo-1/ca.pem"));
        var (_, chain) = SvidFile.Read(_directory.File("silo-1/silo.pem"));
        var validation = X509SvidValidator.Validate(chain[0].Der, [], anchors, _time.GetUtcNow());
        Assert.Equal(BootstrapNames.IdOf("mesh.test", BootstrapNames.AuthorityRole, "silo-1"), validation.Id);
        Assert.Equal(["silo-1.mesh.test"], chain[0].DnsNames);
        Assert.Equal(FileSet.Secret, File.GetUnixFileMode(_directory.File("ca/ca.key")));
        Assert.Equal(FileSet.Secret, File.GetUnixFileMode(_directory.File("silo-1/silo.key")));
        using var pair = X509Certificate2.CreateFromPemFile(_directory.File("silo-1/silo.pem"), _directory.File("silo-1/silo.key"));
        Assert.DoesNotContain("PRIVATE", init.ToString() + issue, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateways_certificate_names_no_silo()
    {
        await InitAsync("ca");
        await IssueAsync("ca", "front", "--role", "gateway");

        var (_, chain) = SvidFile.Read(_directory.File("front/silo.pem"));
        Assert.Equal([BootstrapNames.IdOf("mesh.test", BootstrapNames.GatewayRole, "front").ToString()], chain[0].UriNames);
        Assert.False(BootstrapNames.TryRead(SpiffeId.Parse(chain[0].UriNames[0]), "mesh.test", out _, out _));
    }

    [Fact]
    public async Task Nothing_is_overwritten()
    {
        await InitAsync("ca");
        await IssueAsync("ca", "silo-1");
        var before = Directory.GetFiles(_directory.FullPath, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllText);

        var init = await InitAsync("ca");
        var issue = await IssueAsync("ca", "silo-1");

        Assert.Equal((ExitCode.Failed, ExitCode.Failed), (init.ExitCode, issue.ExitCode));
        Assert.Contains("is not overwritten", init.Error, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_directory.FullPath, "*", SearchOption.AllDirectories).ToDictionary(path => path, File.ReadAllText));
    }

    [Fact]
    public async Task A_directory_of_another_ca_is_left_alone()
    {
        await InitAsync("ca");
        await InitAsync("other");

        var run = await FakeMesh.RunAsync(["bootstrap", "issue", "--ca", _directory.File("ca"), "--silo", "s", "--out", _directory.File("other")], _time);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("holds another bootstrap CA", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_directory.File("other/silo.pem")));
    }

    [Theory]
    [InlineData("Silo 1", "silo-1.mesh.test")]
    [InlineData("a/b", "silo-1.mesh.test")]
    [InlineData("silo-1", "not a name")]
    public async Task A_name_that_cannot_be_certified_is_told(string silo, string dns)
    {
        await InitAsync("ca");

        var run = await FakeMesh.RunAsync(
            ["bootstrap", "issue", "--ca", _directory.File("ca"), "--silo", silo, "--dns", dns, "--out", _directory.File("out")], _time);

        Assert.NotEqual(ExitCode.Done, run.ExitCode);
        Assert.StartsWith("meshctl: ", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_directory.File("out")));
    }

    [Fact]
    public async Task A_trust_bundles_root_is_no_bootstrap_ca()
    {
        Directory.CreateDirectory(_directory.File("ca"));
        _directory.Write("ca/ca.pem", new TestPki(_time.GetUtcNow()).Bundle.ToPem());
        _directory.Write("ca/ca.key", "x");

        var run = await IssueAsync("ca", "silo-1");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("is no bootstrap CA", run.Error, StringComparison.Ordinal);
    }

    private Task<CliRun> InitAsync(string name) => FakeMesh.RunAsync(["bootstrap", "init", "--trust-domain", "mesh.test", "--out", _directory.File(name)], _time);

    private Task<CliRun> IssueAsync(string ca, string silo, params string[] more)
        => FakeMesh.RunAsync(["bootstrap", "issue", "--ca", _directory.File(ca), "--silo", silo, "--out", _directory.File(silo), .. more], _time);
}
