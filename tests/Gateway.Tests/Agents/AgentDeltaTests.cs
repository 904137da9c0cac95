using System.Globalization;
using MeshGrains.Gateway.Agents;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using Wire = MeshGrains.Rpc.Agents;

namespace MeshGrains.Gateway.Tests.Agents;

public sealed class AgentDeltaTests
{
    private static readonly IssuerSnapshot Issuer = TestCa.Create(bundleNumber: 7).Snapshot;
    private static readonly IssuerSnapshot Next = TestCa.Create(bundleNumber: 8).Snapshot;

    [Fact]
    public void The_first_call_tells_all_even_when_that_is_nothing()
    {
        var first = Assert.Single(new AgentDelta([]).Next([], null, 3, []));

        Assert.Equal((1L, 3L, false), (first.Number, first.DenialNumber, first.More));
        Assert.Empty(first.Entries);
        Assert.Empty(first.Bundles);
    }

    [Fact]
    public void What_an_agent_holds_already_is_not_sent_again()
    {
        var delta = new AgentDelta([Held("same", 2), Held("old", 1), Held("gone", 5)]);

        var update = Assert.Single(delta.Next([Entry("same", 2), Entry("old", 2), Entry("new", 1)], Issuer, 1, []));

        Assert.Equal(["new", "old"], update.Entries.Select(entry => entry.Id).Order(StringComparer.Ordinal));
        Assert.Equal(["gone"], update.RemovedEntryIds);
        Assert.Equal(7, Assert.Single(update.Bundles).Number);
    }

    [Fact]
    public void Nothing_is_sent_while_nothing_changes()
    {
        var delta = new AgentDelta([]);
        delta.Next([Entry("a", 1)], Issuer, 1, ["ca-1"]);

        Assert.Empty(delta.Next([Entry("a", 1)], Issuer, 1, ["ca-1"]));
        Assert.Empty(delta.Next([Entry("a", 1)], null, 1, ["ca-1"]));
    }

    [Fact]
    public void Each_kind_of_change_is_sent_alone_and_once()
    {
        var delta = new AgentDelta([]);
        delta.Next([Entry("a", 1)], Issuer, 1, []);

        var denied = Assert.Single(delta.Next([Entry("a", 1)], Issuer, 2, []));
        Assert.Equal((2L, 2L, 0, 0), (denied.Number, denied.DenialNumber, denied.Entries.Count, denied.Bundles.Count));

        var tainted = Assert.Single(delta.Next([Entry("a", 1)], Issuer, 2, ["ca-1"]));
        Assert.Equal(["ca-1"], tainted.TaintedAuthorityIds);

        var bundle = Assert.Single(delta.Next([Entry("a", 1)], Next, 2, ["ca-1"]));
        Assert.Equal((8L, 0), (Assert.Single(bundle.Bundles).Number, bundle.Entries.Count));
        Assert.Equal(["ca-1"], bundle.TaintedAuthorityIds);

        var changed = Assert.Single(delta.Next([Entry("a", 2)], Next, 2, []));
        Assert.Equal((2L, 0, 0), (Assert.Single(changed.Entries).Revision, changed.Bundles.Count, changed.TaintedAuthorityIds.Count));

        var removed = Assert.Single(delta.Next([], Next, 2, []));
        Assert.Equal(["a"], removed.RemovedEntryIds);
        Assert.Equal(6, removed.Number);
    }

    [Fact]
    public void An_entry_that_was_taken_away_and_comes_again_is_sent_again()
    {
        var delta = new AgentDelta([]);
        delta.Next([Entry("a", 1)], null, 1, []);
        delta.Next([], null, 2, []);

        Assert.Equal("a", Assert.Single(Assert.Single(delta.Next([Entry("a", 1)], null, 3, [])).Entries).Id);
    }

    [Fact]
    public void Many_entries_come_in_parts_of_which_the_last_one_says_that_it_is_whole()
    {
        var entries = Enumerable.Range(0, 1201).Select(number => Entry(number.ToString(CultureInfo.InvariantCulture), 1)).ToList();

        var updates = new AgentDelta([Held("gone", 1)]).Next(entries, Issuer, 1, []);

        Assert.Equal([500, 500, 201], updates.Select(update => update.Entries.Count));
        Assert.Equal([true, true, false], updates.Select(update => update.More));
        Assert.Equal([1L, 2L, 3L], updates.Select(update => update.Number));
        Assert.Equal([1, 0, 0], updates.Select(update => update.Bundles.Count + update.RemovedEntryIds.Count - (update.Number == 1 ? 1 : 0)));
        Assert.Equal(1201, updates.SelectMany(update => update.Entries).Select(entry => entry.Id).Distinct().Count());
    }

    [Fact]
    public void Orders_to_replace_come_with_each_update_those_of_one_time_together()
    {
        var delta = new AgentDelta([]);
        delta.Next([], Issuer, 1, []);
        ReissueOrder[] orders = [new("a", 60), new("b", 0), new("c", 60)];

        var ordered = Assert.Single(delta.Next([], Issuer, 1, [], orders));
        Assert.Equal(
            ["60: a c", "0: b"], ordered.Reissues.Select(order => $"{order.OverSeconds}: {string.Join(' ', order.AuthorityIds)}"));
        Assert.Empty(delta.Next([], Issuer, 1, [], [.. orders]));

        Assert.Equal(2, Assert.Single(delta.Next([Entry("a", 1)], Issuer, 1, [], orders)).Reissues.Count);
        Assert.Empty(Assert.Single(delta.Next([Entry("a", 1)], Issuer, 1, [])).Reissues);
    }

    private static Wire.HeldEntry Held(string id, long revision) => new() { Id = id, Revision = revision };

    private static RegistrationEntry Entry(string id, long revision) => new(
        id, "mesh.test", $"spiffe://mesh.test/w/{id}", "spiffe://mesh.test/meshgrains/agent/n1", [new Selector("unix", "uid:1")], null, null, [], null, [], null,
        DateTimeOffset.UnixEpoch, revision, "op");
}
