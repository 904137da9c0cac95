using System.Text.Json.Nodes;
using MeshGrains.Testing;

namespace MeshGrains.Cli.Tests;

public sealed class UpstreamCommandsTests
{
    [Fact]
    public async Task The_request_is_printed_as_it_is_or_written_to_a_file_that_is_not_there_yet()
    {
        const string csr = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n";
        using var folder = new TempDirectory();
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("GET", "/v1/upstream", new JsonObject
        {
            ["trustDomain"] = "mesh.test", ["authorityId"] = "root-1", ["keyReference"] = "fake:1", ["waiting"] = true, ["csr"] = csr,
        });

        Assert.Equal(csr, (await mesh.RunAsync("upstream", "csr")).Output);
        var written = await mesh.RunAsync("upstream", "csr", "--out", folder.File("root.csr"));
        Assert.Equal(csr, await File.ReadAllTextAsync(folder.File("root.csr")));
        Assert.Contains("Nothing is issued under it", written.Output, StringComparison.Ordinal);
        Assert.NotEqual(ExitCode.Done, (await mesh.RunAsync("upstream", "csr", "--out", folder.File("root.csr"))).ExitCode);
    }

    [Fact]
    public async Task A_chain_is_sent_with_its_reason_and_the_end_is_told()
    {
        using var folder = new TempDirectory();
        await using var mesh = await FakeMesh.StartAsync();
        mesh.Answer("POST", "/v1/upstream/chain", new JsonObject
        {
            ["authorityId"] = "root-1", ["certificates"] = 3, ["notAfter"] = "2031-01-01T00:00:00Z", ["first"] = true, ["bundleNumber"] = 1,
        });

        var run = await mesh.RunAsync("upstream", "import", "--chain", folder.Write("chain.pem", "CHAIN\n"), "--reason", "ticket 4711");

        Assert.Equal(ExitCode.Done, run.ExitCode);
        Assert.Equal("""{"chain":"CHAIN\n","reason":"ticket 4711"}""", mesh.Requests[0].Body);
        Assert.Contains("a chain of 3 until 2031-01-01", run.Output, StringComparison.Ordinal);
        Assert.NotEqual(ExitCode.Done, (await mesh.RunAsync("upstream", "import", "--chain", folder.File("missing.pem"), "--reason", "x")).ExitCode);
        Assert.Single(mesh.Requests);
    }
}
