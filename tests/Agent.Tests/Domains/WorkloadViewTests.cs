using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests.Domains;

/// <summary>What a process gets that has identities in two trust domains, in one, or in none.</summary>
public sealed class WorkloadViewTests : IDisposable
{
    private readonly DomainStage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void The_first_trust_domains_SVIDs_come_first_whichever_came_first_and_each_has_its_own_bundle()
    {
        _stage.Entry(_stage.New, "web", "internal");
        _stage.Entry(_stage.Old, "web", "internal");
        _stage.Entry(_stage.Old, "edge");

        var view = _stage.View;

        Assert.Equal(["spiffe://old.mesh/web", "spiffe://old.mesh/edge", "spiffe://new.mesh/web"], view.Svids.Select(item => item.Svid.SpiffeId));
        Assert.Equal(["internal", "", "internal"], view.Svids.Select(item => item.Entry.Hint));
        Assert.All(view.Svids, item => Assert.Same((item.Svid.SpiffeId.Contains("old", StringComparison.Ordinal) ? _stage.Old : _stage.New).State.Current.OwnBundle, item.Bundle));
        Assert.Equal(["old.mesh", "new.mesh"], view.Own.Select(bundle => bundle.TrustDomain.Name));
        Assert.Equal(["new.mesh"], view.BesideFirst.Select(bundle => bundle.TrustDomain.Name));
        Assert.Empty(view.Federated);
    }

    [Fact]
    public void Who_is_known_in_one_trust_domain_alone_gets_that_alone()
    {
        DomainStage.Sync(_stage.Old);
        _stage.Entry(_stage.New, "web");

        var view = _stage.View;

        Assert.Equal(["spiffe://new.mesh/web"], view.Svids.Select(item => item.Svid.SpiffeId));
        Assert.Equal(["new.mesh"], view.Bundles.Select(bundle => bundle.TrustDomain.Name));
        Assert.Empty(view.BesideFirst);
    }

    [Fact]
    public void While_one_control_plane_was_never_heard_the_others_identities_are_served_and_nobody_is_told_that_he_has_none()
    {
        _stage.Entry(_stage.New, "web");
        Assert.Single(_stage.View.Svids);

        _stage.New.State.Apply(new AgentUpdate { RemovedEntryIds = { "web" } });
        var unknown = Assert.Throws<RpcException>(() => _stage.View);
        Assert.Equal(RpcStatusCode.Unavailable, unknown.StatusCode);
        Assert.Contains("the control plane of old.mesh", unknown.Detail, StringComparison.Ordinal);

        DomainStage.Sync(_stage.Old);
        Assert.Equal(RpcStatusCode.PermissionDenied, Assert.Throws<RpcException>(() => _stage.View).StatusCode);
    }

    [Fact]
    public void What_one_control_plane_takes_back_leaves_the_others()
    {
        _stage.Entry(_stage.Old, "web");
        _stage.Entry(_stage.New, "web");

        Assert.Equal(1, _stage.Old.State.Withdraw());

        Assert.Equal(["spiffe://new.mesh/web"], _stage.View.Svids.Select(item => item.Svid.SpiffeId));
        Assert.Same(_stage.New.State.Current.OwnBundle, Assert.Single(_stage.View.Bundles));
    }

    [Fact]
    public void An_entry_without_a_certificate_yet_leaves_the_other_identity_and_gives_the_bundles_of_both()
    {
        _stage.Entry(_stage.Old, "web", hasSvid: false);
        _stage.Entry(_stage.New, "web");

        var view = _stage.View;

        Assert.Equal(["spiffe://new.mesh/web"], view.Svids.Select(item => item.Svid.SpiffeId));
        Assert.Equal(["old.mesh"], view.BesideFirst.Select(bundle => bundle.TrustDomain.Name));
        Assert.Equal(["web"], _stage.Old.Demand.Take());
        Assert.Empty(_stage.New.Demand.Take());
    }

    [Fact]
    public void A_control_plane_tells_nothing_of_the_roots_of_another_trust_domain_of_this_agent()
    {
        var forged = new MeshCa("old.mesh");
        _stage.New.State.Apply(new AgentUpdate { Bundles = { forged.Wire(9) } });
        _stage.Entry(_stage.New, "web", "", true, "old.mesh");
        DomainStage.Sync(_stage.Old);

        // Known in the new one alone: what it gets of the old one is what the old one's control plane says.
        Assert.Same(_stage.Old.State.Current.OwnBundle, Assert.Single(_stage.View.Federated));
        _stage.Entry(_stage.Old, "web");
        Assert.Empty(_stage.View.Federated);
        Assert.Same(_stage.Old.State.Current.OwnBundle, _stage.View.Own[0]);
    }

    [Fact]
    public void Of_a_partner_of_both_the_first_trust_domains_bundle_is_given_and_nothing_is_merged()
    {
        var (one, other) = (new MeshCa("partner.mesh"), new MeshCa("partner.mesh"));
        _stage.New.State.Apply(new AgentUpdate { Bundles = { other.Wire(7) } });
        _stage.Entry(_stage.New, "web", "", true, "partner.mesh");
        _stage.Entry(_stage.Old, "web", "", true, "partner.mesh");
        Assert.Same(_stage.New.State.Current.Bundles["partner.mesh"], Assert.Single(_stage.View.Federated));

        _stage.Old.State.Apply(new AgentUpdate { Bundles = { one.Wire(1) } });

        Assert.Same(_stage.Old.State.Current.Bundles["partner.mesh"], Assert.Single(_stage.View.Federated));
        Assert.Single(_stage.View.Federated[0].Bundle.X509Authorities);
    }

    [Fact]
    public void An_identity_of_another_trust_domain_is_taken_from_no_control_plane()
    {
        var foreign = new Entry { Id = "x", SpiffeId = "spiffe://old.mesh/admin", Selectors = { new Selector { Type = "unix", Value = "uid:1" } } };

        Assert.Throws<FormatException>(() => _stage.New.State.Apply(new AgentUpdate { Entries = { foreign } }));
        Assert.Throws<FormatException>(() => _stage.Old.State.Apply(new AgentUpdate { Entries = { new Entry { Id = "y", SpiffeId = "spiffe://old.mesh.evil/admin" } } }));
        Assert.Throws<FormatException>(() => _stage.Old.State.Apply(new AgentUpdate { Entries = { new Entry { Id = "z", SpiffeId = "spiffe://old.mesh" } } }));
        Assert.True(_stage.Node.Current.Domains.All(domain => domain.Entries.Entries.IsEmpty));
    }
}
