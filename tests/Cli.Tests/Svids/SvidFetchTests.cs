using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class SvidFetchTests
{
    private const string Hello = "spiffe://mesh.test/hello";

    [Fact]
    public async Task On_the_silos_machine_an_identity_is_enough()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = new SvidDirectory(mesh.Directory.File("hello"));

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", files.Path);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal(
            ["GET /v1/entries?limit=1000", "POST /v1/entries", "POST /v1/join-tokens", "POST /v1/svids"], mesh.Requests.Select(request => request.Target));
        Assert.All(mesh.Requests.SkipLast(1), request => Assert.True(request.OverSocket));
        Assert.False(mesh.Requests[^1].OverSocket);
        var (_, chain) = SvidFile.Read(files.Path);
        var validation = X509SvidValidator.Validate(chain[0].Der, [chain[1].Der], TrustBundleFile.Load(files.Bundle), mesh.Time.GetUtcNow());
        Assert.Equal(Hello, validation.Id?.ToString());
        Assert.Contains($"serial    {chain[0].SerialHex}", run.Output, StringComparison.Ordinal);
        Assert.Contains(", 1h left", run.Output, StringComparison.Ordinal);
        Assert.Contains("renew at  2030-01-01 00:30:00Z", run.Output, StringComparison.Ordinal);
        Assert.Contains("valid against the trust bundle", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_that_is_there_serves_again()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.AddEntry(Hello, "spiffe://mesh.test/meshgrains/source/prod", "k8s:ns:a");
        var entry = mesh.AddEntry(Hello);

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.DoesNotContain(mesh.Requests, request => request.Target == "POST /v1/entries");
        Assert.Equal(entry, (string)mesh.Requests.Single(request => request.Path == "/v1/join-tokens").Json["entryId"]!);
    }

    [Fact]
    public async Task An_entry_that_appears_meanwhile_serves_as_well()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/entries", _ =>
        {
            mesh.AddEntry(Hello);
            return (409, new System.Text.Json.Nodes.JsonObject { ["status"] = 409, ["detail"] = "It exists." });
        });

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Done, run.ExitCode);
    }

    [Fact]
    public async Task The_key_is_for_its_owner_alone_and_is_that_of_the_certificate()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = new SvidDirectory(mesh.Directory.File("hello"));

        await mesh.RunAsync("svid", "fetch", Hello, "--out", files.Path);

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(files.Key));
        using var pair = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);
        Assert.True(pair.HasPrivateKey);
        Assert.Equal(["bundle.pem", "svid.key", "svid.pem"], Directory.GetFiles(files.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("text")]
    [InlineData("json")]
    public async Task Neither_key_nor_token_is_ever_shown_or_sent_where_it_does_not_belong(string output)
    {
        await using var mesh = await FakeMesh.StartAsync();
        var token = mesh.AddToken(Hello);
        var files = new SvidDirectory(mesh.Directory.File("hello"));

        var first = await mesh.RunAsync("svid", "fetch", "--token", token, "--out", files.Path, "--output", output);
        var second = await mesh.RunAsync("svid", "fetch", "--token", token, "--out", files.Path, "--output", output);

        Assert.Equal((ExitCode.Done, ExitCode.Failed), (first.ExitCode, second.ExitCode));
        Assert.Contains("join_token_refused", second.Error, StringComparison.Ordinal);
        var key = File.ReadAllText(files.Key).Split('\n')[1];
        foreach (var text in new[] { first.ToString(), second.ToString() }.Concat(mesh.Requests.Select(request => request.Body)))
        {
            Assert.DoesNotContain(token, text, StringComparison.Ordinal);
            Assert.DoesNotContain(key, text, StringComparison.Ordinal);
            Assert.DoesNotContain("PRIVATE", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_token_comes_from_a_file_or_from_standard_input()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var file = mesh.Directory.Write("token", mesh.AddToken(Hello) + "\n");
        var typed = mesh.AddToken(Hello);
        string[] arguments = ["svid", "fetch", "--server", mesh.Server, "--bundle", mesh.BundleFile, "--out", mesh.Directory.File("hello"), "--token-file"];

        var fromFile = await mesh.RunBareAsync([.. arguments, file]);
        var fromInput = await FakeMesh.RunAsync([.. arguments, "-"], mesh.Time, typed + "\n");

        Assert.Equal((ExitCode.Done, ExitCode.Done), (fromFile.ExitCode, fromInput.ExitCode));
        Assert.Equal($"Bearer {typed}", mesh.Requests[^1].Authorization);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("line\r\nx-evil: 1")]
    public async Task What_cannot_be_a_token_is_not_sent(string token)
    {
        await using var mesh = await FakeMesh.StartAsync();
        var file = mesh.Directory.Write("token", token);

        var run = await mesh.RunAsync("svid", "fetch", "--token-file", file, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Empty(mesh.Requests);
    }

    [Fact]
    public async Task Over_a_socket_alone_the_token_goes_over_the_socket()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunBareAsync("svid", "fetch", Hello, "--socket", mesh.Socket, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.All(mesh.Requests, request => Assert.True(request.OverSocket));
    }

    [Fact]
    public async Task Elsewhere_the_workload_must_prove_itself()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunBareAsync("svid", "fetch", Hello, "--server", mesh.Server, "--bundle", mesh.BundleFile, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Contains("--token-file", run.Error, StringComparison.Ordinal);
        Assert.Empty(mesh.Requests);
    }

    [Theory]
    [InlineData("p256", "P-256")]
    [InlineData("p384", "P-384")]
    [InlineData("rsa2048", "RSA 2048")]
    public async Task The_kind_of_the_key_can_be_chosen(string kind, string shown)
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"), "--key-type", kind, "--ttl", "10m");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Contains($"key       {shown}\n", run.Output, StringComparison.Ordinal);
        Assert.Equal(600, (int)mesh.Requests[^1].Json["ttlSeconds"]!);
        Assert.Equal(Hello, (string)mesh.Requests[^1].Json["spiffeId"]!);
    }

    [Fact]
    public async Task Another_identitys_files_are_not_replaced_and_no_token_is_spent()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var files = mesh.Pki.WriteSvid(mesh.Directory.File("other"), "/other");
        var before = File.ReadAllText(files.Certificate);

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", files.Path);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("is the SVID of spiffe://mesh.test/other", run.Error, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllText(files.Certificate));
        Assert.Empty(mesh.Requests);
    }

    [Fact]
    public async Task A_certificate_for_another_identity_than_asked_for_is_not_written()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.OtherIdentity = _ => mesh.Pki.Id("/somebody/else");

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("is for spiffe://mesh.test/somebody/else", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(mesh.Directory.File("hello")));
    }

    [Fact]
    public async Task A_certificate_for_another_key_is_not_written()
    {
        await using var mesh = await FakeMesh.StartAsync();
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        mesh.OtherKey = other.ExportSubjectPublicKeyInfo();

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("for another key", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(mesh.Directory.File("hello")));
    }

    [Fact]
    public async Task A_certificate_that_the_bundle_does_not_vouch_for_is_not_written()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var other = new TestPki(mesh.Time.GetUtcNow());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var leaf = PemWriter.EncodeCertificate(mesh.Pki.Issue(SpiffeId.Parse(Hello), key.ExportSubjectPublicKeyInfo()));
        mesh.Answer("POST", "/v1/svids", new System.Text.Json.Nodes.JsonObject
        {
            ["spiffeId"] = Hello, ["certificate"] = leaf, ["chain"] = mesh.Pki.ChainPem, ["bundle"] = other.Bundle.ToPem(),
        });

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("does not hold", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(mesh.Directory.File("hello")));
    }

    [Fact]
    public async Task For_programs_the_answer_is_one_document()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunAsync("svid", "fetch", Hello, "--out", mesh.Directory.File("hello"), "-o", "json");

        Assert.Equal((Hello, true, "req-2"), ((string)run.Json["spiffeId"]!, (bool)run.Json["valid"]!, (string)run.Json["requestId"]!));
        Assert.Equal(3, run.Json["files"]!.AsArray().Count);
        Assert.Empty(run.Error);
    }

    [SkippableFact]
    public async Task Openssl_accepts_the_files_as_they_lie_there()
    {
        var openssl = Tool.Require("openssl", "openssl");
        await using var mesh = await FakeMesh.StartAsync();
        var files = new SvidDirectory(mesh.Directory.File("hello"));
        await mesh.RunAsync("svid", "fetch", Hello, "--out", files.Path);

        var at = mesh.Time.GetUtcNow().ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        var verify = Tool.Run(openssl, ["verify", "-x509_strict", "-attime", at, "-CAfile", files.Bundle, "-untrusted", files.Certificate, files.Certificate]);
        var ofKey = Tool.Run(openssl, ["pkey", "-in", files.Key, "-pubout"]);
        var ofCertificate = Tool.Run(openssl, ["x509", "-in", files.Certificate, "-noout", "-pubkey"]);

        Assert.True(verify.ExitCode == 0, verify.ToString());
        Assert.Equal(ofKey.Output, ofCertificate.Output);
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----", ofKey.Output, StringComparison.Ordinal);
    }
}
