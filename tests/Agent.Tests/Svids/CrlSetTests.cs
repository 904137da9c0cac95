using Google.Protobuf;
using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests;

public sealed class CrlSetTests
{
    private static readonly DateTimeOffset End = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly MeshCa Ca = new();

    private readonly AgentState _state = new(Ca.TrustDomain, Ca.Bundle(0));

    [Fact]
    public void What_was_never_told_is_not_known_and_what_is_told_stays_until_it_is_told_otherwise()
    {
        _state.Apply(new AgentUpdate());
        Assert.Null(_state.Current.Crls);

        var lists = Ca.Lists(End);
        _state.Apply(new AgentUpdate { RevocationLists = lists });
        _state.Apply(new AgentUpdate { DenialNumber = 2 });
        _state.TakeBundle(Ca.Wire(1));
        var known = _state.Current.Crls!;
        Assert.Equal(lists.Crls, known.Lists);
        Assert.Equal(2, known.Pem.Split("-----BEGIN X509 CRL-----").Length - 1);

        // A stream that begins anew tells them again.
        _state.Apply(new AgentUpdate { RevocationLists = lists.Clone() });
        Assert.Same(known, _state.Current.Crls);

        _state.Apply(new AgentUpdate { RevocationLists = new RevocationLists() });
        Assert.True(_state.Current.Crls!.IsEmpty);
    }

    [Fact]
    public void A_list_that_has_ended_is_dropped_and_the_others_stay()
    {
        _state.Apply(new AgentUpdate { RevocationLists = Ca.Lists(End) });
        Assert.Equal(End, _state.Current.Crls!.FirstEnd);
        Assert.Equal(0, _state.DropEndedCrls(End.AddSeconds(-1)));

        Assert.Equal(1, _state.DropEndedCrls(End));
        var left = Assert.Single(_state.Current.Crls!.Lists);
        Assert.True(ParsedCrl.TryRead(left.Memory, out var crl, out _));
        Assert.Equal(Ca.RootAuthorityId, Convert.ToHexStringLower(crl.AuthorityKeyIdentifier.Span));

        Assert.Equal(1, _state.DropEndedCrls(End.AddDays(1)));
        Assert.Equal(0, _state.DropEndedCrls(End.AddDays(2)));
        Assert.Null(_state.Current.Crls!.FirstEnd);
    }

    [Theory]
    [InlineData(CrlSet.MaxBytes + 1, "too_large: ")]
    [InlineData(100, "malformed: ")]
    public void What_is_too_much_or_no_list_is_not_taken(int bytes, string problem)
    {
        var told = new RevocationLists { Crls = { ByteString.CopyFrom(new byte[bytes]) } };

        Assert.False(CrlSet.TryRead(Ca.TrustDomain, told, out _, out var why));
        Assert.StartsWith(problem, why, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => _state.Apply(new AgentUpdate { RevocationLists = told }));
    }

    [Fact]
    public void A_workloads_view_is_another_when_lists_change_and_not_when_it_is_told_that_there_are_none()
    {
        _state.Apply(new AgentUpdate { Entries = { new Entry { Id = "a", SpiffeId = "spiffe://test.mesh/a", Selectors = { new Selector { Type = "unix", Value = "uid:1" } } } } });
        var before = View();
        _state.Apply(new AgentUpdate { RevocationLists = new RevocationLists() });
        Assert.True(View().IsSameAs(before, withSvids: true, withCrls: true));

        _state.Apply(new AgentUpdate { RevocationLists = Ca.Lists(End) });
        Assert.False(View().IsSameAs(before, withSvids: true, withCrls: true));
        Assert.True(View().IsSameAs(before, withSvids: true, withCrls: false));
        Assert.Equal(2, Assert.Single(View().Crls).Lists.Length);
    }

    private WorkloadView View() => WorkloadView.Of(
        new NodeSnapshot([_state.Current]), [new Entitlement(_state.Current, _state.Current.Entries.Match(new HashSet<string> { "unix:uid:1" }))]);
}
