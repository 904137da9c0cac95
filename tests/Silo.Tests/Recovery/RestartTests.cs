using System.Net;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

public sealed class RestartTests
{
    [Fact]
    public async Task A_restart_finds_the_same_root_the_entries_and_the_log_and_makes_a_new_issuing_ca()
    {
        using var folder = new TempDirectory();
        string root, issuer, serial, entry;
        await using (var silo = await RunningSilo.StartAsync(folder.File("data")))
        {
            var (status, body, _) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
            Assert.Equal(HttpStatusCode.OK, status);
            serial = (string)body["serial"]!;
            root = await File.ReadAllTextAsync(silo.BundlePath);
            issuer = silo.Services.GetRequiredService<IssuerSource>().Current!.AuthorityId;
            entry = (string)(await silo.GetAsync("/v1/entries"))["entries"]![0]!["id"]!;
        }

        await using (var silo = await RunningSilo.StartAsync(folder.File("data")))
        {
            Assert.Equal(root, await File.ReadAllTextAsync(silo.BundlePath));
            Assert.NotEqual(issuer, silo.Services.GetRequiredService<IssuerSource>().Current!.AuthorityId);
            Assert.Equal("spiffe://test.mesh/hello", (string?)(await silo.GetAsync($"/v1/entries/{entry}"))["spiffeId"]);
            var log = silo.Services.GetRequiredService<IIssuanceLog>();
            Assert.NotNull(await log.FindBySerialAsync(RunningSilo.TrustDomain, serial, null, CancellationToken.None));
            Assert.Empty(await log.VerifyChainAsync(CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_second_process_on_the_same_data_is_told_so()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));

        var refused = await Assert.ThrowsAsync<ConfigurationException>(() => RunningSilo.StartAsync(folder.File("data")));

        Assert.Contains("Another MeshGrains process", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_data_directory_keeps_its_secrets_to_its_owner()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));

        const UnixFileMode others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
            | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
        Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(silo.Data) & others);
        foreach (var path in Directory.EnumerateFiles(silo.Data, "*", SearchOption.AllDirectories).Where(path => Path.GetExtension(path) is ".key" or ".db" or ".sock" || path.Contains("/keys/", StringComparison.Ordinal)))
        {
            Assert.True((File.GetUnixFileMode(path) & others) == UnixFileMode.None, $"{path} is open to others");
        }
    }

    [Fact]
    public async Task A_state_store_that_was_lost_beside_a_log_that_was_not_is_refused()
    {
        using var folder = new TempDirectory();
        await using (var silo = await RunningSilo.StartAsync(folder.File("data")))
        {
            await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
        }

        foreach (var file in Directory.EnumerateFiles(folder.File("data"), "state.db*"))
        {
            File.Delete(file);
        }

        await using var restarted = await RunningSilo.StartUnreadyAsync(folder.File("data"));
        var issuance = restarted.Services.GetRequiredService<IIssuanceService>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (issuance.NotReadyReason?.Contains("rolled back", StringComparison.Ordinal) != true)
        {
            await Task.Delay(20, patience.Token);
        }

        Assert.Null(issuance.Current);
    }
}
