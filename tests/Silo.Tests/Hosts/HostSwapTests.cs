using System.Net;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>Both grain hosts serve the same data directory, in turns.</summary>
public sealed class HostSwapTests
{
    private static string Other => GrainHost.Name == "Orleans" ? "Solo" : "Orleans";

    [SkippableFact]
    public async Task What_one_host_wrote_the_other_serves_and_gives_back()
    {
        var executable = Find(Other);
        Skip.If(executable is null, $"The {Other} build of the silo is not on this machine; 'GrainHost={Other} ./mesh build' makes it where the package feed allows.");
        using var folder = new TempDirectory();
        var data = folder.File("data");
        string root, entry, serial;
        await using (var silo = await SiloProcess.StartAsync(data))
        {
            await silo.ReadyAsync();
            Assert.Equal(GrainHost.Name, (string?)silo.Endpoints["grainHost"]);
            var (status, body, _) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
            Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
            await silo.PostAsync("/v1/denials", new { spiffeId = "spiffe://test.mesh/denied", reason = "a test" });
            serial = (string)body["serial"]!;
            root = await File.ReadAllTextAsync(silo.BundlePath);
            entry = (string)(await silo.GetAsync("/v1/entries"))["entries"]![0]!["id"]!;
            Assert.Equal(0, await silo.StopAsync());
        }

        string second;
        await using (var silo = await SiloProcess.StartAsync(data, executable: executable))
        {
            await silo.ReadyAsync();
            Assert.Equal(Other, (string?)silo.Endpoints["grainHost"]);
            second = await AssertSameAsync(silo, root, entry, serial, "spiffe://test.mesh/second");
            Assert.Equal(0, await silo.StopAsync());
        }

        await using (var silo = await SiloProcess.StartAsync(data))
        {
            await silo.ReadyAsync();
            await AssertSameAsync(silo, root, entry, second, "spiffe://test.mesh/third");
            Assert.Equal(0, await silo.StopAsync());
        }
    }

    /// <summary>The root, an entry, a record of the log and the denials are as they were; a new certificate is issued, whose serial is returned.</summary>
    private static async Task<string> AssertSameAsync(SiloProcess silo, string root, string entry, string serial, string next)
    {
        Assert.Equal(root, await File.ReadAllTextAsync(silo.BundlePath));
        Assert.Equal("spiffe://test.mesh/hello", (string?)(await silo.GetAsync($"/v1/entries/{entry}"))["spiffeId"]);
        Assert.Contains(serial, (await silo.GetAsync($"/v1/issuances?serial={serial}")).ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("spiffe://test.mesh/denied", (await silo.GetAsync("/v1/denials")).ToJsonString(), StringComparison.Ordinal);
        var (status, body, _) = await silo.FetchAsync(await silo.JoinTokenAsync(next));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return (string)body["serial"]!;
    }

    private static string? Find(string host)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "MeshGrains.sln")))
            {
                var executable = Path.Combine(folder.FullName, "artifacts", host, "bin", "Silo", "release", "meshgrains");
                return File.Exists(executable) ? executable : null;
            }
        }

        return null;
    }
}
