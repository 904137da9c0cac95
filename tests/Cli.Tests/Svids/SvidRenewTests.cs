using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Cli.Tests;

public sealed class SvidRenewTests
{
    [Fact]
    public async Task An_svid_proves_its_own_renewal_over_mutual_tls()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = mesh.Pki.WriteSvid(mesh.Directory.File("web"), "/web");
        var (oldCertificate, oldKey) = (File.ReadAllText(files.Certificate), File.ReadAllText(files.Key));

        var run = await mesh.RunAsync("svid", "renew", files.Path);

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        var request = Assert.Single(mesh.Requests);
        Assert.Equal(("POST /v1/svids", "spiffe://mesh.test/web", null), (request.Target, request.ClientId, request.Authorization));
        Assert.NotEqual(oldCertificate, File.ReadAllText(files.Certificate));
        Assert.NotEqual(oldKey, File.ReadAllText(files.Key));
        using var pair = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
    }

    [Fact]
    public async Task A_renewal_keeps_the_kind_of_the_key()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = mesh.Pki.WriteSvid(mesh.Directory.File("web"), "/web", kind: "p384");

        Assert.Equal(ExitCode.Done, (await mesh.RunAsync("svid", "renew", files.Path)).ExitCode);

        Assert.Equal("p384", WorkloadKey.KindOf(SvidFile.Read(files.Path).Chain[0]));
    }

    [Fact]
    public async Task A_refused_renewal_leaves_the_files_as_they_were()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = mesh.Pki.WriteSvid(mesh.Directory.File("web"), "/web");
        var before = Directory.GetFiles(files.Path).ToDictionary(path => path, File.ReadAllText);
        mesh.Refuse("POST", "/v1/svids", 403, "quarantined", "This identity is quarantined.");

        var run = await mesh.RunAsync("svid", "renew", files.Path);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("reason quarantined", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(files.Path).ToDictionary(path => path, File.ReadAllText));
    }

    [Fact]
    public async Task An_svid_cannot_be_shown_over_a_socket()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = mesh.Pki.WriteSvid(mesh.Directory.File("web"), "/web");

        var run = await mesh.RunBareAsync("svid", "renew", files.Path, "--socket", mesh.Socket);

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("over TLS only", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fetching_with_an_svid_is_a_renewal_into_another_directory()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = mesh.Pki.WriteSvid(mesh.Directory.File("web"), "/web");

        var run = await mesh.RunBareAsync(
            "svid", "fetch", "--cert", files.Certificate, "--key", files.Key, "--server", mesh.Server, "--bundle", files.Bundle, "--out", mesh.Directory.File("new"));

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(["spiffe://mesh.test/web"], SvidFile.Read(mesh.Directory.File("new")).Chain[0].UriNames);
    }

    [Fact]
    public async Task A_directory_without_an_svid_is_named()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunAsync("svid", "renew", mesh.Directory.File("nothing"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("nothing/svid.pem (the SVID) does not exist", run.Error, StringComparison.Ordinal);
    }
}
