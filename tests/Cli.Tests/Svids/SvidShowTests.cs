using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class SvidShowTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new();
    private readonly TestPki _pki;
    private readonly SvidDirectory _web;

    public SvidShowTests()
    {
        _pki = new TestPki(_time.GetUtcNow());
        _web = _pki.WriteSvid(_directory.File("web"), "/web");
    }

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_directory_is_shown_and_judged_by_the_bundle_beside_it()
    {
        var run = await RunAsync("show", _web.Path);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains("identity  spiffe://mesh.test/web\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("valid against the trust bundle", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_hold_is_shown_with_the_reason_and_exit_code_1()
    {
        _time.SetUtcNow(_time.GetUtcNow().AddHours(2));

        var run = await RunAsync("show", _web.Path);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("NOT VALID: Expired", run.Output, StringComparison.Ordinal);
        Assert.Contains(", expired\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_bundle_nothing_is_claimed()
    {
        File.Delete(_web.Bundle);

        var run = await RunAsync("show", _web.Certificate, "-o", "json");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Null(run.Json["valid"]);
    }

    [Fact]
    public async Task Verify_is_a_verdict_for_scripts()
    {
        var right = await RunAsync("verify", _web.Path, "--bundle", _web.Bundle, "--spiffe-id", "spiffe://mesh.test/web");
        var wrongIdentity = await RunAsync("verify", _web.Path, "--bundle", _web.Bundle, "--spiffe-id", "spiffe://mesh.test/other");
        var foreign = _directory.Write("foreign.pem", new TestPki(_time.GetUtcNow(), "other.test").Bundle.ToPem());
        var wrongBundle = await RunAsync("verify", _web.Path, "--bundle", foreign);

        Assert.Equal([ExitCode.Done, ExitCode.Failed, ExitCode.Failed], [right.ExitCode, wrongIdentity.ExitCode, wrongBundle.ExitCode]);
        Assert.Contains("holds until 2030-01-01 01:00:00Z", right.Output, StringComparison.Ordinal);
        Assert.Contains("not spiffe://mesh.test/other", wrongIdentity.Error, StringComparison.Ordinal);
        Assert.Contains("NoBundle", wrongBundle.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no PEM at all")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")]
    public async Task What_is_no_certificate_is_told(string text)
    {
        var file = _directory.Write("file.pem", text);

        var run = await RunAsync("show", file);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.StartsWith($"meshctl: {file}: ", run.Error, StringComparison.Ordinal);
    }

    private Task<CliRun> RunAsync(params string[] arguments) => FakeMesh.RunAsync(["svid", .. arguments], _time);
}
