using System.Globalization;

namespace MeshGrains.Grains.Tests;

public sealed class MaintenanceGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public MaintenanceGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    private DateTimeOffset Now => World.Clock.GetUtcNow();

    [Fact]
    public async Task What_expired_long_ago_is_removed_wherever_its_id_lies_and_everything_else_stays()
    {
        string[] expired = ["", "!", "0a", "1", "1a", "9z", "a", "f", "fz", "g", "zz"];
        foreach (var id in expired)
        {
            Add("x" + id, Now - TimeSpan.FromDays(30));
            Add(id.Length == 0 ? " " : id, Now - MaintenanceGrain.KeepExpired - TimeSpan.FromMinutes(1));
        }

        Add("5-recent", Now - TimeSpan.FromHours(1));
        Add("5-live", Now + TimeSpan.FromHours(1));
        Add("5-endless", null);
        for (var shard = 0; shard < MaintenanceShards.Count; shard++)
        {
            await _host.Maintenance(shard).TickAsync();
        }

        Assert.Equal(["5-endless", "5-live", "5-recent"], Ids());
    }

    [Fact]
    public async Task A_tick_does_a_bounded_piece_and_the_next_one_goes_on_where_it_stopped()
    {
        const int Piece = MaintenanceGrain.PageSize * MaintenanceGrain.PagesPerTick;
        for (var i = 0; i < Piece + 10; i++)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"7{i:D6}"), Now - TimeSpan.FromDays(2));
        }

        await _host.Maintenance(7).TickAsync();
        Assert.Equal(10, Ids().Count);
        await _host.Maintenance(7).TickAsync();
        Assert.Equal(10, Ids().Count);

        World.Clock.Advance(TimeSpan.FromMinutes(1));
        await _host.Maintenance(7).TickAsync();
        Assert.Empty(Ids());
    }

    [Fact]
    public async Task An_entry_that_was_renewed_meanwhile_stays()
    {
        Add("3", Now - TimeSpan.FromDays(2));
        World.Faults.FailNext("entry.delete", failure: new RecordConflictException("entry", "the stored revision is 2, not 1."));

        await _host.Maintenance(2).TickAsync();

        Assert.Equal(["3"], Ids());
    }

    [Fact]
    public async Task Ended_join_tokens_are_dropped_by_the_first_shard()
    {
        await World.JoinTokens.AddAsync(new JoinToken($"old-{World.TrustDomain.Name}", World.TrustDomain.Name, "e", default, Now - TimeSpan.FromDays(2), "op"), default);
        await World.JoinTokens.AddAsync(new JoinToken($"live-{World.TrustDomain.Name}", World.TrustDomain.Name, "e", default, Now + TimeSpan.FromHours(1), "op"), default);

        await _host.Maintenance(0).TickAsync();

        Assert.Equal([$"live-{World.TrustDomain.Name}"], World.JoinTokens.Tokens.Keys.Where(hash => hash.EndsWith(World.TrustDomain.Name, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_tick_before_its_time_reads_and_writes_nothing()
    {
        await _host.Maintenance(4).TickAsync();
        World.Faults.Reset();
        await _host.Maintenance(4).TickAsync();

        Assert.Empty(World.Faults.Steps);
    }

    [Theory]
    [InlineData("td.else/0")]
    [InlineData("{0}/16")]
    [InlineData("{0}/-1")]
    [InlineData("{0}/01")]
    [InlineData("{0}")]
    public async Task A_shard_that_does_not_exist_does_nothing(string key)
    {
        var name = string.Format(CultureInfo.InvariantCulture, key, World.TrustDomain.Name);

        await Assert.ThrowsAnyAsync<Exception>(() => _host.Grains.GetGrain<IMaintenanceGrain>(name).TickAsync());
    }

    private List<string> Ids() => [.. World.Registrations.Entries.Where(entry => entry.TrustDomain == World.TrustDomain.Name).Select(entry => entry.Id).Order(StringComparer.Ordinal)];

    private void Add(string id, DateTimeOffset? expiresAt) => World.Registrations.Entries.Add(
        EntryRulesTests.Good with { Id = id, TrustDomain = World.TrustDomain.Name, ExpiresAt = expiresAt, Revision = 1 });
}
