using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class ConnectionTests
{
    [Fact]
    public async Task By_its_data_directory_a_silo_is_administered_over_its_socket()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunAsync("status");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.True(Assert.Single(mesh.Requests).OverSocket);
    }

    [Fact]
    public async Task A_socket_alone_is_enough_for_administration()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunBareAsync("status", "--socket", mesh.Socket);

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.True(Assert.Single(mesh.Requests).OverSocket);
    }

    [Fact]
    public async Task An_operator_elsewhere_comes_with_an_svid_over_mutual_tls()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var svid = mesh.Pki.WriteSvid(mesh.Directory.File("op"), "/meshgrains/operator/ann");

        var run = await mesh.RunBareAsync("status", "--server", mesh.Server, "--bundle", mesh.BundleFile, "--cert", svid.Certificate, "--key", svid.Key);

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        var request = Assert.Single(mesh.Requests);
        Assert.Equal((false, "spiffe://mesh.test/meshgrains/operator/ann"), (request.OverSocket, request.ClientId));
    }

    [Fact]
    public async Task Administration_over_tls_without_an_svid_is_not_even_tried()
    {
        await using var mesh = await FakeMesh.StartAsync();

        var run = await mesh.RunBareAsync("status", "--server", mesh.Server, "--bundle", mesh.BundleFile);

        Assert.Equal(ExitCode.Usage, run.ExitCode);
        Assert.Empty(mesh.Requests);
    }

    [Fact]
    public async Task A_gateway_that_runs_apart_adds_its_name()
    {
        await using var mesh = await FakeMesh.StartAsync("/meshgrains/gateway/eu-1");

        var run = await mesh.RunBareAsync("bundle", "show", "--server", mesh.Server, "--bundle", mesh.BundleFile);

        Assert.Equal((ExitCode.Done, ""), (run.ExitCode, run.Error));
        Assert.Single(mesh.Requests);
    }

    [Theory]
    [InlineData("/demo/backend")]
    [InlineData("/meshgrains/gateways")]
    [InlineData("/meshgrains/gateway/eu-1/more")]
    public async Task A_server_of_the_trust_domain_that_is_not_the_gateway_gets_no_request(string path)
    {
        await using var mesh = await FakeMesh.StartAsync(path);

        var run = await mesh.RunBareAsync("bundle", "show", "--server", mesh.Server, "--bundle", mesh.BundleFile);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains($"it is spiffe://mesh.test{path}, not spiffe://mesh.test/meshgrains/gateway", run.Error, StringComparison.Ordinal);
        Assert.Empty(mesh.Requests);
    }

    [Fact]
    public async Task A_server_that_the_bundle_does_not_vouch_for_gets_no_request()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var other = new TestPki(mesh.Time.GetUtcNow());
        var bundle = mesh.Directory.Write("other.pem", other.Bundle.ToPem());

        var run = await mesh.RunBareAsync(
            "svid", "fetch", "--token", mesh.AddToken("spiffe://mesh.test/a"), "--server", mesh.Server, "--bundle", bundle, "--out", mesh.Directory.File("out"));

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("is not trusted", run.Error, StringComparison.Ordinal);
        Assert.Empty(mesh.Requests);
        Assert.False(Directory.Exists(mesh.Directory.File("out")));
    }

    [Fact]
    public async Task An_expired_gateway_certificate_is_refused()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Time.SetUtcNow(mesh.Time.GetUtcNow().AddHours(2));

        var run = await mesh.RunBareAsync("bundle", "show", "--server", mesh.Server, "--bundle", mesh.BundleFile);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("Expired", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_no_silo_runs_the_way_to_start_one_is_told()
    {
        using var directory = new TempDirectory();

        var run = await FakeMesh.RunAsync(["status", "--data", directory.FullPath], new FakeTimeProvider());

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("endpoints.json is missing", run.Error, StringComparison.Ordinal);
        Assert.Contains("mesh up", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_was_killed_is_told_from_one_that_refuses()
    {
        using var directory = new TempDirectory();
        directory.Write("endpoints.json", new JsonObject { ["adminSocket"] = directory.File("gone.sock") }.ToJsonString());

        var run = await FakeMesh.RunAsync(["status", "--data", directory.FullPath], new FakeTimeProvider());

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("Nothing answers at", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_endpoints_file_is_named()
    {
        using var directory = new TempDirectory();
        directory.Write("endpoints.json", "{ \"gateway\": ");

        var run = await FakeMesh.RunAsync(["status", "--data", directory.FullPath], new FakeTimeProvider());

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("endpoints.json is damaged", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_speaks_no_tls_is_told()
    {
        await using var mesh = await FakeMesh.StartAsync();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var talking = Task.Run(async () =>
        {
            using var client = await listener.AcceptTcpClientAsync();
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"u8.ToArray());
        });

        var run = await mesh.RunBareAsync("bundle", "show", "--server", $"https://{listener.LocalEndpoint}", "--bundle", mesh.BundleFile);

        await talking;
        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.StartsWith("meshctl: ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task A_refusal_is_shown_with_reason_request_and_when_to_try_again()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Refuse("GET", "/v1/status", 503, "overloaded", "Too much to do.");

        var run = await mesh.RunAsync("status");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Equal("meshctl: Too much to do. (reason overloaded, request req-1, try again in 7 s)\n", run.Error);
    }

    [Fact]
    public async Task For_programs_a_refusal_is_the_problem_document()
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Refuse("GET", "/v1/status", 403, "denied", "No.");

        var run = await mesh.RunAsync("status", "--output", "json");

        var problem = JsonNode.Parse(run.Error)!;
        Assert.Equal((ExitCode.Failed, ""), (run.ExitCode, run.Output));
        Assert.Equal(("No.", "denied", "req-1", 403), ((string)problem["detail"]!, (string)problem["reason"]!, (string)problem["requestId"]!, (int)problem["status"]!));
    }

    [Theory]
    [InlineData("this is no JSON")]
    [InlineData("[1,2]")]
    [InlineData("")]
    public async Task An_answer_that_is_not_understood_is_told(string answer)
    {
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/status", JsonValue.Create(answer));

        var run = await mesh.RunAsync("status");

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("Is a MeshGrains control plane there?", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_not_the_certificates_is_told_without_a_word_of_it()
    {
        await using var mesh = await FakeMesh.StartAsync();
        var svid = mesh.Pki.WriteSvid(mesh.Directory.File("a"), "/a");
        var other = mesh.Pki.WriteSvid(mesh.Directory.File("b"), "/b");

        var run = await mesh.RunAsync("status", "--cert", svid.Certificate, "--key", other.Key);

        Assert.Equal(ExitCode.Failed, run.ExitCode);
        Assert.Contains("does not hold the private key of", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(File.ReadAllText(other.Key).Split('\n')[1], run.Error, StringComparison.Ordinal);
    }
}
