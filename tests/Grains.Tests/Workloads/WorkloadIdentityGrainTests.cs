namespace MeshGrains.Grains.Tests;

public sealed class WorkloadIdentityGrainTests : IClassFixture<HostedGrains>
{
    private readonly HostedGrains _host;

    public WorkloadIdentityGrainTests(HostedGrains host)
    {
        _host = host;
        host.Fresh();
    }

    private GrainWorld World => _host.World;

    private string Cart => $"spiffe://{World.TrustDomain.Name}/shop/cart";

    private IWorkloadIdentityGrain Workload => _host.Grains.GetGrain<IWorkloadIdentityGrain>(Cart);

    [Fact]
    public async Task An_entry_is_put_once_though_its_reply_is_lost()
    {
        World.Faults.FailNext("entry.put", after: true);

        var stored = await Workload.PutEntryAsync(Entry());
        var again = await Workload.PutEntryAsync(Entry());

        Assert.Equal(stored.CreatedAt, again.CreatedAt);
        Assert.Equal(1, Assert.Single((await Workload.GetAsync()).Entries).Revision);
    }

    [Fact]
    public async Task A_write_that_failed_is_unavailable_and_the_next_one_succeeds()
    {
        World.Faults.FailNext("entry.put");

        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => Workload.PutEntryAsync(Entry()));
        Assert.Equal((RefusalCode.Unavailable, "store_unavailable"), (refused.Code, refused.Reason));
        await Workload.PutEntryAsync(Entry());
    }

    [Fact]
    public async Task A_stale_revision_conflicts_and_an_update_keeps_the_day_of_creation()
    {
        var first = await Workload.PutEntryAsync(Entry());
        var second = await Workload.PutEntryAsync(Entry() with { Revision = 2, OperationId = "op-2", Hint = "new", CreatedAt = default });

        Assert.Equal((first.CreatedAt, 2L), (second.CreatedAt, second.Revision));
        var stale = await Assert.ThrowsAsync<GrainOperationException>(() => Workload.PutEntryAsync(Entry() with { Revision = 2, OperationId = "op-3" }));
        Assert.Equal((RefusalCode.Conflict, "entry_conflict"), (stale.Code, stale.Reason));
    }

    [Fact]
    public async Task One_identitys_grain_cannot_take_anothers_entry()
    {
        await Workload.PutEntryAsync(Entry());
        var thief = $"spiffe://{World.TrustDomain.Name}/thief";
        var other = _host.Grains.GetGrain<IWorkloadIdentityGrain>(thief);

        foreach (var act in new Func<Task>[]
        {
            () => other.PutEntryAsync(Entry() with { SpiffeId = thief, Revision = 2, OperationId = "op-2" }),
            () => other.PutEntryAsync(Entry()),
            () => other.DeleteEntryAsync(Entry().Id, "mine", "operator", "op-3"),
        })
        {
            Assert.Equal("wrong_identity", (await Assert.ThrowsAsync<GrainOperationException>(act)).Reason);
        }

        Assert.Equal(Cart, Assert.Single((await Workload.GetAsync()).Entries).SpiffeId);
    }

    [Fact]
    public async Task A_bad_entry_is_refused_with_what_is_wrong()
    {
        var refused = await Assert.ThrowsAsync<GrainOperationException>(() => Workload.PutEntryAsync(Entry() with { X509SvidTtlSeconds = 0 }));

        Assert.Equal((RefusalCode.InvalidArgument, "bad_entry"), (refused.Code, refused.Reason));
        Assert.Contains("x509SvidTtl", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_entry_is_denied_wherever_the_deletion_was_cut_off()
    {
        await Workload.PutEntryAsync(Entry());
        World.Faults.FailNext("entry.delete", after: true);
        Assert.True(await Workload.DeleteEntryAsync(Entry().Id, "gone", "operator", "op-2"));
        Assert.Contains((await _host.Denials.ReadAsync()).Denials, denial => denial.Subject == Entry().Id);

        var second = Entry() with { Id = $"second-{World.TrustDomain.Name}" };
        await Workload.PutEntryAsync(second);
        World.Faults.FailNext("denials.write", times: 5);
        await Assert.ThrowsAsync<GrainOperationException>(() => Workload.DeleteEntryAsync(second.Id, "gone", "operator", "op-3"));
        Assert.False(await Workload.DeleteEntryAsync(second.Id, "gone", "operator", "op-3"));
        Assert.Contains((await _host.Denials.ReadAsync()).Denials, denial => denial.Subject == second.Id);
    }

    [Fact]
    public async Task A_quarantine_holds_until_its_release_though_replies_are_lost()
    {
        World.Faults.FailNext("denials.write", after: true);
        var quarantined = await Workload.QuarantineAsync("stolen", "operator", "op-1");
        Assert.Equal(1, quarantined.Number);
        Assert.Equal("stolen", (await Workload.GetAsync()).Quarantine?.Reason);
        Assert.Equal(1, (await Workload.QuarantineAsync("again", "operator", "op-2")).Number);

        World.Faults.FailNext("denials.write", after: true);
        Assert.Equal(2, (await Workload.ReleaseAsync("found", "operator", "op-3")).Number);
        Assert.Null((await Workload.GetAsync()).Quarantine);
    }

    [Theory]
    [InlineData("not an id")]
    [InlineData("spiffe://elsewhere.test/a")]
    public async Task What_is_no_identity_of_ours_is_not_quarantined(string identity)
    {
        await Assert.ThrowsAnyAsync<Exception>(() => _host.Grains.GetGrain<IWorkloadIdentityGrain>(identity).QuarantineAsync("x", "operator", "op"));

        Assert.Empty((await _host.Denials.ReadAsync()).Denials);
    }

    private RegistrationEntry Entry() => EntryRulesTests.Good with
    {
        Id = $"entry-{World.TrustDomain.Name}",
        TrustDomain = World.TrustDomain.Name,
        SpiffeId = Cart,
        ParentId = EntryRules.SourceParent(World.TrustDomain.Name, "prod"),
    };
}
