using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>The executable as a newcomer and an init system see it: what it prints, where it writes, how it ends.</summary>
public sealed class UpTests
{
    [Fact]
    public async Task It_says_where_it_is_and_how_to_go_on_and_a_sigterm_ends_it_cleanly()
    {
        using var folder = new TempDirectory();
        var data = folder.File("data");
        await using var silo = await SiloProcess.StartAsync(data);
        await silo.ReadyAsync();
        await silo.SaidAsync("Ctrl-C stops.");

        Assert.Contains($"https://127.0.0.1:{silo.Gateway.Port} ", silo.Output, StringComparison.Ordinal);
        Assert.Contains($"({GrainHost.Name} grain host)", silo.Output, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(data, "bundle.pem"), silo.Output, StringComparison.Ordinal);
        Assert.Contains($"svid fetch --data {data} spiffe://{SiloClient.TrustDomain}/hello", silo.Output, StringComparison.Ordinal);
        Assert.Contains("NOT FOR PRODUCTION", silo.Output, StringComparison.Ordinal);
        Assert.Equal(GrainHost.Name, (string?)silo.Endpoints["grainHost"]);
        Assert.Equal(silo.Id, (int)silo.Endpoints["pid"]!);
        Assert.Equal(Path.Combine(data, "admin.sock"), (string?)silo.Endpoints["adminSocket"]);
        var (status, body, _) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());

        Assert.Equal(0, await silo.StopAsync());

        Assert.False(File.Exists(Path.Combine(data, "endpoints.json")), "endpoints.json is still there");
        Assert.False(File.Exists(Path.Combine(data, "admin.sock")), "admin.sock is still there");
        Assert.DoesNotContain("fail:", silo.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", silo.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_configuration_tells_all_that_is_wrong_and_ends_with_2()
    {
        using var folder = new TempDirectory();
        var file = folder.Write("mesh.yaml", "trustDomain: a.b\nsvid:\n  defaultTtll: 1h\n");

        AssertRefused(
            await SiloProcess.RunAsync("up", "--config", file, "--data", folder.File("data"), "--set", "svid.maxTtl=soon"),
            $"{file}:3: unknown key 'svid.defaultTtll'. Did you mean 'defaultTtl'?", "svid.maxTtl");
        AssertRefused(
            await SiloProcess.RunAsync("up", "--data", folder.File("data"), "--keys", "cloud:x", "--set", "telemetry.logFormat=xml"),
            "keys.uri", "telemetry.logFormat");
        Assert.False(Directory.Exists(folder.File("data")), "a refused start left a data directory");
    }

    [Fact]
    public async Task A_key_manager_that_cannot_be_opened_is_told_without_a_stack()
    {
        using var folder = new TempDirectory();

        AssertRefused(
            await SiloProcess.RunAsync("up", "--data", folder.File("data"), "--keys", "pkcs11:token=mesh?module-path=/nowhere.so&pin-source=file:/nowhere.pin"),
            "keys.uri", "/nowhere");
    }

    [Fact]
    public async Task The_help_names_every_flag()
    {
        var help = (await SiloProcess.RunAsync("up", "--help")).EnsureSuccess().Output;

        foreach (var flag in new[]
        {
            "--config", "--data", "--trust-domain", "--listen", "--operations-listen", "--keys", "--allow-short-lives", "--set", "SIGTERM", "infra/meshgrains.yaml",
        })
        {
            Assert.Contains(flag, help, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--listen", "gateway.listen")]
    [InlineData("--operations-listen", "gateway.operationsListen")]
    public async Task A_port_in_use_is_told_with_the_flag_to_change(string flag, string key)
    {
        using var folder = new TempDirectory();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}");
        var other = flag == "--listen" ? "--operations-listen" : "--listen";

        AssertRefused(
            await SiloProcess.RunAsync("up", "--data", folder.File("data"), flag, address, other, "127.0.0.1:0"), address, flag, key);
    }

    [Fact]
    public async Task The_data_of_one_trust_domain_is_not_taken_for_another()
    {
        using var folder = new TempDirectory();
        var data = folder.File("data");
        await using (var silo = await SiloProcess.StartAsync(data))
        {
            await silo.ReadyAsync();
            Assert.Equal(0, await silo.StopAsync());
        }

        AssertRefused(
            await SiloProcess.RunAsync("up", "--data", data, "--trust-domain", "other.mesh", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0"),
            "test.mesh", "other.mesh", "--trust-domain", "--data");

        // The refusal changed nothing.
        await using var again = await SiloProcess.StartAsync(data);
        await again.ReadyAsync();
    }

    private static void AssertRefused(ToolResult ended, params string[] words)
    {
        Assert.True(ended.ExitCode == 2, ended.ToString());
        Assert.Empty(ended.Output);
        Assert.All(words, word => Assert.Contains(word, ended.Errors, StringComparison.Ordinal));
        Assert.DoesNotContain("   at ", ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", ended.Errors, StringComparison.Ordinal);
    }
}
