using Google.Protobuf;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests;

public sealed class AgentStateTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private readonly TestIssuer _issuer = new();
    private readonly AgentState _state;

    public AgentStateTests() => _state = new AgentState(TestIssuer.Domain, _issuer.Bundle(0));

    public void Dispose() => _issuer.Dispose();

    [Fact]
    public void It_begins_with_the_configured_roots_and_has_heard_nothing()
    {
        var snapshot = _state.Current;

        Assert.False(snapshot.IsSynced);
        Assert.Equal((0, -1), (snapshot.BundleNumber, snapshot.DenialNumber));
        Assert.NotNull(snapshot.OwnBundle);
    }

    [Fact]
    public void It_is_synced_once_an_update_has_no_more_behind_it_and_stays_so()
    {
        _state.Apply(new AgentUpdate { More = true, Entries = { Entry("a") } });
        Assert.False(_state.Current.IsSynced);
        _state.Apply(new AgentUpdate { Entries = { Entry("b") } });
        Assert.True(_state.Current.IsSynced);
        _state.Apply(new AgentUpdate { More = true });
        Assert.True(_state.Current.IsSynced);
        Assert.Equal(2, _state.Current.Entries.Entries.Count);
    }

    [Fact]
    public void Foreign_bundles_that_are_named_no_more_are_dropped_and_the_own_one_stays()
    {
        _state.Apply(new AgentUpdate { Bundles = { new Bundle { TrustDomain = "a.test", Number = 5 }, new Bundle { TrustDomain = "b.test", Number = 6 } } });
        _state.Apply(new AgentUpdate { DenialNumber = 1 });
        Assert.Equal(3, _state.Current.Bundles.Count);

        _state.Apply(new AgentUpdate { Federated = new FederatedDomains { TrustDomains = { "b.test", "c.test" } }, Bundles = { new Bundle { TrustDomain = "c.test", Number = 1 } } });
        Assert.Equal(["b.test", "c.test"], _state.Current.Bundles.Keys.Where(name => name != TestIssuer.Domain.Name).Order());

        _state.Apply(new AgentUpdate { Federated = new FederatedDomains() });
        Assert.Equal([TestIssuer.Domain.Name], _state.Current.Bundles.Keys);
        Assert.NotNull(_state.Current.OwnBundle);
    }

    [Fact]
    public void An_older_foreign_bundle_does_not_take_a_newer_ones_place()
    {
        _state.Apply(new AgentUpdate { Bundles = { new Bundle { TrustDomain = "a.test", Number = 5 } } });
        _state.Apply(new AgentUpdate { Bundles = { new Bundle { TrustDomain = "a.test", Number = 4 } } });
        Assert.Equal(5, _state.Current.Bundles["a.test"].Number);
        Assert.Equal(0, _state.Current.BundleNumber);
    }

    [Fact]
    public void Each_change_completes_the_snapshot_before_it()
    {
        var before = _state.Current;
        _state.Apply(new AgentUpdate { DenialNumber = 3 });

        Assert.True(before.Changed.IsCompleted);
        Assert.False(_state.Current.Changed.IsCompleted);
        Assert.Equal(3, _state.Current.DenialNumber);
    }

    [Fact]
    public void An_entry_that_goes_takes_its_certificate_with_it()
    {
        Hold("a", "b");

        _state.Apply(new AgentUpdate { RemovedEntryIds = { "a", "unknown" } });

        Assert.Equal(["b"], _state.Current.Svids.Keys);
        Assert.Equal(["b"], _state.Current.Entries.Entries.Keys);
    }

    [Fact]
    public void A_changed_entry_is_renewed_at_once_and_one_of_another_identity_loses_its_certificate()
    {
        Hold("a", "b", "c");
        var (moved, same) = (Entry("b", 2), Entry("c"));
        moved.SpiffeId = "spiffe://test.mesh/moved";

        _state.Apply(new AgentUpdate { Entries = { Entry("a", 2), moved, same } });

        Assert.Equal(["a", "c"], _state.Current.Svids.Keys.Order());
        Assert.Equal(DateTimeOffset.MinValue, _state.Current.Svids["a"].RenewAt);
        Assert.NotEqual(DateTimeOffset.MinValue, _state.Current.Svids["c"].RenewAt);
    }

    [Fact]
    public void A_certificate_whose_entry_went_or_changed_its_identity_meanwhile_is_let_go()
    {
        _state.Apply(new AgentUpdate { Entries = { Entry("a") } });

        _state.Put([_issuer.Svid("gone", "spiffe://test.mesh/gone", Now, Now.AddHours(1)), _issuer.Svid("a", "spiffe://test.mesh/other", Now, Now.AddHours(1))]);

        Assert.Empty(_state.Current.Svids);
    }

    [Fact]
    public void What_has_ended_is_dropped_and_counted()
    {
        Hold("a");
        _state.Apply(new AgentUpdate { Entries = { Entry("b") } });
        _state.Put([_issuer.Svid("b", "spiffe://test.mesh/b", Now, Now.AddMinutes(1))]);

        Assert.Equal(0, _state.DropExpired(Now));
        Assert.Equal(1, _state.DropExpired(Now.AddMinutes(1)));
        Assert.Equal(["a"], _state.Current.Svids.Keys);
    }

    [Fact]
    public void A_bundle_is_taken_when_its_number_is_higher_and_from_whichever_number_at_first()
    {
        using var next = new TestIssuer("next");
        _state.Apply(Bundle(_issuer, 5));
        _state.Apply(Bundle(next, 4));
        Assert.Equal(5, _state.Current.BundleNumber);
        Assert.Equal(_issuer.Root.ToArray(), _state.Current.OwnBundle!.Der);
        _state.TakeBundle(Bundle(next, 6).Bundles[0]);

        Assert.Equal(6, _state.Current.BundleNumber);
        Assert.Equal(next.Root.ToArray(), _state.Current.OwnBundle!.Der);
    }

    [Fact]
    public void An_agent_that_is_banned_keeps_nothing_but_the_roots_and_what_comes_afterwards_is_taken()
    {
        _state.Apply(Bundle(_issuer, 5));
        Hold("a", "b");
        Assert.Equal(2, _state.Withdraw());
        var after = _state.Current;
        Assert.Equal((0, 0, true, 5L), (after.Svids.Count, after.Entries.Entries.Count, after.IsSynced, after.BundleNumber));
        Assert.Equal(0, _state.Withdraw());
        Assert.Same(after, _state.Current);

        _state.Put([_issuer.Svid("a", "spiffe://test.mesh/a", Now, Now.AddHours(1))]);
        Assert.Empty(_state.Current.Svids);
        Hold("a");
        Assert.Equal(["a"], _state.Current.Svids.Keys);
    }

    [Fact]
    public void A_bundle_on_its_own_changes_nothing_else()
    {
        _state.Apply(new AgentUpdate { DenialNumber = 9, TaintedAuthorityIds = { "x" }, Reissues = { new Reissue { AuthorityIds = { "r", "q" }, OverSeconds = 7 } } });
        _state.TakeBundle(Bundle(_issuer, 6).Bundles[0]);
        Assert.Equal(["q 7", "r 7"], _state.Current.Reissues.Select(order => $"{order.Key} {order.Value.TotalSeconds}").Order());

        Assert.Equal(9, _state.Current.DenialNumber);
        Assert.Equal("x", Assert.Single(_state.Current.TaintedAuthorities));
    }

    [Fact]
    public void Whatever_is_no_bundle_is_a_format_error_and_changes_nothing()
    {
        var before = _state.Current;
        foreach (var bundle in new[]
        {
            new Bundle { TrustDomain = "test.mesh", Number = 7, X509Authorities = { ByteString.CopyFromUtf8("no certificate") } },
            new Bundle { TrustDomain = "Not a domain", Number = 7 },
        })
        {
            Assert.Throws<FormatException>(() => _state.Apply(new AgentUpdate { Bundles = { bundle } }));
        }

        Assert.Same(before, _state.Current);
    }

    private static AgentUpdate Bundle(TestIssuer issuer, long number) => new()
    {
        Bundles = { new Bundle { TrustDomain = "test.mesh", Number = number, X509Authorities = { ByteString.CopyFrom(issuer.Root.Span) } } },
    };

    private static Entry Entry(string id, long revision = 1) =>
        new() { Id = id, SpiffeId = $"spiffe://test.mesh/{id}", Revision = revision, Selectors = { new Selector { Type = "unix", Value = "uid:0" } } };

    private void Hold(params string[] ids)
    {
        _state.Apply(new AgentUpdate { Entries = { ids.Select(id => Entry(id)) } });
        _state.Put([.. ids.Select(id => _issuer.Svid(id, $"spiffe://test.mesh/{id}", Now, Now.AddHours(1)))]);
    }
}
