using System.Collections.Immutable;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests;

public sealed class ReissueScheduleTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly TestIssuer _ca = new();
    private readonly AgentState _state;
    private readonly ReissueSchedule _schedule;

    public ReissueScheduleTests()
    {
        _state = new AgentState(TestIssuer.Domain, _ca.Bundle(0));
        _schedule = new ReissueSchedule(_state, _time);
    }

    private DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose() => _ca.Dispose();

    [Fact]
    public void Without_an_order_nothing_is_replaced_before_its_time()
    {
        Assert.Null(_schedule.MomentOf(Chain()));
        Order("another", 60);
        Assert.Null(_schedule.MomentOf(Chain()));
    }

    [Fact]
    public void What_a_fleet_holds_is_spread_evenly_over_the_time_from_when_the_order_was_seen()
    {
        Order(_ca.AuthorityId, 100);
        var moments = Enumerable.Range(0, 200).Select(_ => (_schedule.MomentOf(Chain())!.Value - Now).TotalSeconds).ToList();

        // Fifty are expected in each quarter, give or take six.
        Assert.All(moments, seconds => Assert.InRange(seconds, -0.1, 100));
        Assert.All(Enumerable.Range(0, 4), quarter => Assert.InRange(moments.Count(seconds => (int)(Math.Max(seconds, 0) / 25.001) == quarter), 15, 100));
    }

    [Fact]
    public void A_certificate_keeps_its_moment_however_often_it_is_asked_for_and_by_whomever()
    {
        var chain = Chain();
        Order(_ca.AuthorityId, 1000);
        var first = _schedule.MomentOf(chain);
        var another = new ReissueSchedule(_state, _time).MomentOf([.. chain.Select(der => (ReadOnlyMemory<byte>)der.ToArray())]);
        _time.Advance(TimeSpan.FromSeconds(30));
        _state.TakeBundle(new Bundle { TrustDomain = "test.mesh", Number = 3, X509Authorities = { Google.Protobuf.ByteString.CopyFrom(_ca.Root.Span) } });

        Assert.Equal(first, another);
        Assert.Equal(first, _schedule.MomentOf(chain));
    }

    [Fact]
    public void A_shorter_time_brings_the_moment_forward_and_an_order_that_comes_again_begins_anew()
    {
        var chain = Chain();
        Order(_ca.AuthorityId, 1000);
        var slow = _schedule.MomentOf(chain)!.Value - Now;
        Order(_ca.AuthorityId, 100);
        Assert.Equal(slow.TotalSeconds / 10, (_schedule.MomentOf(chain)!.Value - Now).TotalSeconds, 0.2);

        _state.Apply(new AgentUpdate());
        Assert.Null(_schedule.MomentOf(chain));
        _time.Advance(TimeSpan.FromMinutes(5));
        Order(_ca.AuthorityId, 1000);
        Assert.Equal(slow, _schedule.MomentOf(chain)!.Value - Now);
    }

    [Fact]
    public void A_tainted_authority_is_left_at_once_unless_an_order_gives_it_time()
    {
        var chain = Chain();
        _state.Apply(new AgentUpdate { TaintedAuthorityIds = { _ca.AuthorityId } });
        Assert.True(_schedule.MomentOf(chain) <= Now);

        _state.Apply(new AgentUpdate { TaintedAuthorityIds = { _ca.AuthorityId }, Reissues = { new Reissue { AuthorityIds = { _ca.AuthorityId }, OverSeconds = 86_400 } } });
        Assert.True(_schedule.MomentOf(chain) > Now);
    }

    [Fact]
    public void An_order_for_a_root_concerns_what_chains_to_it_through_an_issuing_CA()
    {
        var authority = new MeshCa();
        Order(authority.RootAuthorityId, 0);
        Assert.True(_schedule.MomentOf(authority.Issue("e", $"spiffe://{authority.TrustDomain}/e").Chain) <= Now);
        Assert.Null(_schedule.MomentOf(Chain()));
    }

    private ImmutableArray<ReadOnlyMemory<byte>> Chain() => _ca.Svid("e", "spiffe://test.mesh/e", Now, Now.AddHours(1)).Chain;

    private void Order(string authorityId, int seconds) =>
        _state.Apply(new AgentUpdate { Reissues = { new Reissue { AuthorityIds = { authorityId }, OverSeconds = seconds } } });
}
