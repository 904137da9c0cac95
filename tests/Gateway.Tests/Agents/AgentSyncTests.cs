using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentSyncTests
{
    private const string Path = "/meshgrains/agent/n1";
    private const string Agent = "spiffe://mesh.test" + Path;

    [Fact]
    public async Task An_agent_gets_what_it_lacks_at_once_and_what_changes_afterwards()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Agents.Entries.Add(Entry("a", 1));
        using var stream = await OpenAsync(host, new AgentReport { Held = { new HeldEntry { Id = "gone", Revision = 3 } } });

        var first = (await stream.ReadAsync())!;
        Assert.Equal(("a", "gone", 1L), (Assert.Single(first.Entries).Id, Assert.Single(first.RemovedEntryIds), first.Number));
        Assert.Equal(host.Issuance.Ca.Snapshot.BundleNumber, Assert.Single(first.Bundles).Number);

        Change(host, () => host.Agents.Entries.Add(Entry("b", 1)));
        host.Agents.Change(Agent);
        Assert.Equal("b", Assert.Single((await stream.ReadAsync())!.Entries).Id);

        host.Issuance.Ca = TestCa.Create(bundleNumber: 8);
        host.Issuance.RaiseIssuerChanged();
        var bundle = (await stream.ReadAsync())!;
        Assert.Equal((8L, 0), (Assert.Single(bundle.Bundles).Number, bundle.Entries.Count));
    }

    [Fact]
    public async Task A_denial_reaches_the_agent_and_takes_entries_from_it_without_a_look_into_the_store()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Agents.Entries.Add(Entry("a", 1));
        host.Agents.Entries.Add(Entry("b", 1));
        using var stream = await OpenAsync(host);
        Assert.Equal(2, (await stream.ReadAsync())!.Entries.Count);
        var reads = host.Agents.Reads;

        host.Agents.DeniedEntries.Add("a");
        host.Agents.DenialNumber = 9;
        host.Agents.ChangeDenials();
        var update = (await stream.ReadAsync())!;
        Assert.Equal((9L, "a"), (update.DenialNumber, Assert.Single(update.RemovedEntryIds)));

        // Lifted again, and it is there again.
        host.Agents.DeniedEntries.Clear();
        host.Agents.DenialNumber = 10;
        host.Agents.ChangeDenials();
        Assert.Equal("a", Assert.Single((await stream.ReadAsync())!.Entries).Id);
        Assert.Equal(reads, host.Agents.Reads);
    }

    [Fact]
    public async Task An_order_to_replace_what_chains_to_a_root_reaches_the_agent_by_itself()
    {
        await using var host = await GatewayHost.StartAsync();
        using var stream = await OpenAsync(host);
        Assert.Empty((await stream.ReadAsync())!.Reissues);

        host.Reissues.Order(new ReissueOrder("root", 90));

        Assert.Equal(new Reissue { AuthorityIds = { "root" }, OverSeconds = 90 }, Assert.Single((await stream.ReadAsync())!.Reissues));
    }

    [Fact]
    public async Task Revocation_lists_come_with_the_first_update_and_when_they_change_and_not_else()
    {
        var (crls, end) = (new FakeCrls(), DateTimeOffset.UtcNow.AddHours(1));
        crls.Set(FakeCrls.List("a", 1, end));
        await using var host = await GatewayHost.StartAsync(prepare: host => host.Crls = crls);
        var lists = host.App.Services.GetRequiredService<AgentCrls>();
        await UntilAsync(() => lists.Current is not null, "the lists to be known");
        using var stream = await OpenAsync(host);
        Assert.Single((await stream.ReadAsync())!.RevocationLists.Crls);

        Change(host, () => host.Agents.Entries.Add(Entry("b", 1)));
        host.Agents.Change(Agent);
        Assert.Null((await stream.ReadAsync())!.RevocationLists);

        CrlView[] newer = [FakeCrls.List("a", 2, end), FakeCrls.List("b", 1, end)];
        crls.Set(newer);
        lists.Take(newer);
        var update = (await stream.ReadAsync())!;
        Assert.Equal((2, 0, 0), (update.RevocationLists.Crls.Count, update.Entries.Count, update.Bundles.Count));
    }

    [Fact]
    public async Task An_entry_that_ends_is_taken_from_the_agent_then()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Agents.Entries.Add(Entry("a", 1) with { ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(1) });
        using var stream = await OpenAsync(host);
        Assert.Single((await stream.ReadAsync())!.Entries);

        // The directory leaves it out when its time has come; the stream has to look by itself.
        host.Agents.DeniedEntries.Add("a");
        Assert.Equal("a", Assert.Single((await stream.ReadAsync())!.RemovedEntryIds));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_agent_that_is_denied_is_refused_or_cut_off_with_the_reason(bool connected)
    {
        await using var host = await GatewayHost.StartAsync();
        var refusal = new Refusal(RefusalCode.PermissionDenied, "agent_banned", "This agent is banned.");
        host.Agents.Refusal = connected ? null : refusal;
        using var stream = await OpenAsync(host);
        if (connected)
        {
            Assert.NotNull(await stream.ReadAsync());
            host.Agents.Refusal = refusal;
            host.Agents.ChangeDenials();
        }

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await stream.ReadAsync());
        Assert.Equal((RpcStatusCode.PermissionDenied, "agent_banned"), (refused.StatusCode, refused.Trailers.Get("mesh-reason")));
        await UntilAsync(() => host.App.Services.GetRequiredService<AgentRoster>().Count == 0, "the place to be free");
    }

    [Fact]
    public async Task A_later_stream_of_an_agent_ends_the_earlier_one()
    {
        await using var host = await GatewayHost.StartAsync();
        using var earlier = await OpenAsync(host);
        Assert.NotNull(await earlier.ReadAsync());
        using var later = await OpenAsync(host);
        Assert.NotNull(await later.ReadAsync());

        var ended = await Assert.ThrowsAsync<RpcException>(async () => await earlier.ReadAsync());
        Assert.Equal("stream_replaced", ended.Trailers.Get("mesh-reason"));
        host.Agents.DenialNumber = 9;
        host.Agents.ChangeDenials();
        Assert.Equal(9, (await later.ReadAsync())!.DenialNumber);
    }

    [Fact]
    public async Task One_agent_too_many_is_sent_away_with_a_hint_when_to_come_again()
    {
        await using var host = await GatewayHost.StartAsync();
        host.App.Services.GetRequiredService<IOptions<AgentsOptions>>().Value.MaxStreams = 1;
        using var first = await OpenAsync(host);
        Assert.NotNull(await first.ReadAsync());
        using var second = await OpenAsync(host, path: "/meshgrains/agent/n2");

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await second.ReadAsync());
        Assert.Equal((RpcStatusCode.ResourceExhausted, "agents_full"), (refused.StatusCode, refused.Trailers.Get("mesh-reason")));
        Assert.True(int.Parse(refused.Trailers.Get("retry-after-ms")!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        using var operations = host.OperationsClient();
        var metrics = await operations.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("meshgrains_agents_connected 1", metrics, StringComparison.Ordinal);
        Assert.Contains("meshgrains_agents_refused_streams_total{reason=\"agents_full\"} 1", metrics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65, 0)]
    [InlineData(0, 513)]
    public async Task A_report_that_is_too_long_ends_the_stream(int version, int trouble)
    {
        await using var host = await GatewayHost.StartAsync();
        using var stream = await OpenAsync(host, new AgentReport { Version = new string('v', version), Health = new AgentHealth { Trouble = new string('t', trouble) } });

        var refused = await Assert.ThrowsAsync<RpcException>(async () => await stream.ReadAsync());
        Assert.Equal((RpcStatusCode.InvalidArgument, "report_malformed"), (refused.StatusCode, refused.Trailers.Get("mesh-reason")));
    }

    [Fact]
    public async Task What_agents_report_is_told_as_figures_of_all()
    {
        await using var host = await GatewayHost.StartAsync();
        using var stream = await OpenAsync(host, new AgentReport { BundleNumber = 6, Health = new AgentHealth { Nacks = 2, Trouble = "no kubelet" } });
        Assert.NotNull(await stream.ReadAsync());
        using var operations = host.OperationsClient();
        var metrics = await operations.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        Assert.Contains("meshgrains_agents_behind 1", metrics, StringComparison.Ordinal);
        Assert.Contains("meshgrains_agents_troubled 1", metrics, StringComparison.Ordinal);

        // What it counted before this stream was told before, perhaps through another silo.
        await stream.WriteAsync(new AgentReport { BundleNumber = 7, Health = new AgentHealth { Nacks = 5 } });
        await UntilAsync(
            async () => (metrics = await operations.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Contains("meshgrains_agents_nacks_total 3", StringComparison.Ordinal),
            () => metrics);
        Assert.Contains("meshgrains_agents_behind 0", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_stops_ends_its_streams_well()
    {
        await using var host = await GatewayHost.StartAsync();
        using var stream = await OpenAsync(host);
        Assert.NotNull(await stream.ReadAsync());

        var stopping = host.App.StopAsync();
        Assert.Null(await stream.ReadAsync());
        await stopping;
    }

    private static async Task<RpcDuplexCall<AgentReport, AgentUpdate>> OpenAsync(GatewayHost host, AgentReport? first = null, string path = Path)
    {
        var stream = host.Channel(path).Duplex<AgentReport, AgentUpdate>(AgentCalls.Service + "Sync", AgentUpdate.Parser, null, default);
        try
        {
            await stream.WriteAsync(first ?? new AgentReport { Version = "1" });
        }
        catch (RpcException)
        {
            // Refused already; reading tells how.
        }

        return stream;
    }

    private static void Change(GatewayHost host, Action change)
    {
        lock (host.Agents.Entries)
        {
            change();
        }
    }

    private static Task UntilAsync(Func<bool> holds, string what) => UntilAsync(() => Task.FromResult(holds()), () => what);

    private static async Task UntilAsync(Func<Task<bool>> holds, Func<string> what)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await holds())
        {
            Assert.False(patience.IsCancellationRequested, $"Waited in vain: {what()}");
            await Task.Delay(20);
        }
    }

    private static RegistrationEntry Entry(string id, long revision) => new(
        id, "mesh.test", $"spiffe://mesh.test/w/{id}", Agent, [new Grains.Selector("unix", "uid:1")], null, null, [], null, [], null, DateTimeOffset.UnixEpoch, revision, "op");
}
