using System.Collections.Immutable;
using MeshGrains.Gateway.Agents;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class FederatedDeltaTests
{
    private readonly Trust _trust = new();

    [Fact]
    public void An_agent_gets_the_bundles_that_its_entries_federate_with_and_no_others()
    {
        _trust.Set(("a.test", 5), ("b.test", 6));
        var delta = new AgentDelta([]);

        var update = Assert.Single(delta.Next([Entry("e", "a.test", "unknown.test")], null, 1, [], null, _trust));
        Assert.Equal(("a.test", 5L), (Assert.Single(update.Bundles).TrustDomain, update.Bundles[0].Number));
        Assert.Equal(["a.test"], update.Federated.TrustDomains);
        Assert.Empty(delta.Next([Entry("e", "a.test", "unknown.test")], null, 1, [], null, _trust));

        _trust.Set(("a.test", 7), ("b.test", 6), ("unknown.test", 1));
        var next = Assert.Single(delta.Next([Entry("e", "a.test", "unknown.test")], null, 1, [], null, _trust));
        Assert.Equal(["a.test", "unknown.test"], next.Federated.TrustDomains);
        Assert.Equal([7L, 1L], next.Bundles.Select(bundle => bundle.Number));
    }

    [Fact]
    public void What_is_gone_is_named_no_more()
    {
        _trust.Set(("a.test", 5), ("b.test", 6));
        var delta = new AgentDelta([]);
        delta.Next([Entry("e", "a.test", "b.test")], null, 1, [], null, _trust);

        _trust.Set(("b.test", 6));
        var update = Assert.Single(delta.Next([Entry("e", "a.test", "b.test")], null, 1, [], null, _trust));
        Assert.Equal(["b.test"], update.Federated.TrustDomains);
        Assert.Empty(update.Bundles);
    }

    [Fact]
    public void An_agent_that_federates_with_nobody_is_told_so_once()
    {
        _trust.Set(("a.test", 5));
        var delta = new AgentDelta([]);

        Assert.Empty(Assert.Single(delta.Next([Entry("e")], null, 1, [], null, _trust)).Federated.TrustDomains);
        _trust.Set(("a.test", 6));
        Assert.Empty(delta.Next([Entry("e")], null, 1, [], null, _trust));
    }

    [Fact]
    public void Before_the_silo_knows_them_nothing_is_said_of_foreign_bundles()
    {
        _trust.IsKnown = false;
        Assert.Null(Assert.Single(new AgentDelta([]).Next([Entry("e", "a.test")], null, 1, [], null, _trust)).Federated);
    }

    [Fact]
    public void Long_bundles_come_in_as_many_updates_as_it_takes()
    {
        var keys = Enumerable.Range(0, 1000).Select(i => new JwtAuthority(new string('k', 900) + i, MeshGrains.Identity.JwtSigner.Create(JwtAlgorithm.ES256).SubjectPublicKeyInfo)).ToList();
        _trust.Current = ImmutableDictionary<string, FederatedBundle>.Empty.AddRange(Enumerable.Range(0, 3).Select(i => KeyValuePair.Create(
            $"d{i}.test", new FederatedBundle(new SpiffeBundle(TrustDomain.Parse($"d{i}.test")).WithJwtAuthorities(keys), 1))));

        var updates = new AgentDelta([]).Next([Entry("e", "d0.test", "d1.test", "d2.test")], null, 1, [], null, _trust, new MeshGrains.Rpc.Agents.RevocationLists());

        Assert.Equal(3, updates.Sum(update => update.Bundles.Count));
        Assert.True(updates.Count > 1);
        Assert.Equal(Enumerable.Range(1, updates.Count).Select(number => (long)number), updates.Select(update => update.Number));
        Assert.Equal(updates.Select((_, index) => index < updates.Count - 1), updates.Select(update => update.More));
        Assert.Single(updates, update => update.Entries.Count > 0);
        Assert.Single(updates, update => update.Federated is not null);
        Assert.Single(updates, update => update.RevocationLists is not null);
    }

    private static RegistrationEntry Entry(string id, params string[] federatesWith) => new(
        id, "mesh.test", $"spiffe://mesh.test/w/{id}", "spiffe://mesh.test/meshgrains/agent/n1", [new Selector("unix", "uid:1")], null, null, [], null,
        [.. federatesWith], null, DateTimeOffset.UnixEpoch, 1, "op");

    private sealed class Trust : IFederatedTrust
    {
        public event Action? Changed;

        public ImmutableDictionary<string, FederatedBundle> Current { get; set; } = ImmutableDictionary<string, FederatedBundle>.Empty;

        public bool IsKnown { get; set; } = true;

        public void Set(params (string Name, long Number)[] bundles)
        {
            Current = bundles.ToImmutableDictionary(one => one.Name, one => new FederatedBundle(new SpiffeBundle(TrustDomain.Parse(one.Name)), one.Number));
            Changed?.Invoke();
        }
    }
}
