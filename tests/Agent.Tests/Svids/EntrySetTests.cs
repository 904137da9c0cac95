using System.Collections.Immutable;
using System.Globalization;
using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Tests;

public sealed class EntrySetTests
{
    [Fact]
    public void All_selectors_of_an_entry_have_to_be_the_processs()
    {
        var set = Of(Entry("a", 1, "unix:uid:0"), Entry("b", 2, "unix:uid:0", "k8s:ns:x"), Entry("c", 3, "unix:uid:0", "k8s:ns:y"), Entry("d", 4, "k8s:ns:x"), Entry("none", 0));

        Assert.Equal(["a", "b", "d"], Match(set, "unix:uid:0", "k8s:ns:x", "k8s:sa:z"));
        Assert.Empty(Match(set, "unix:uid:1"));
        Assert.Empty(Match(set));
        Assert.Empty(EntrySet.Empty.Match(new HashSet<string> { "unix:uid:0" }));
    }

    [Fact]
    public void An_entry_without_selectors_fits_nobody() => Assert.Empty(Match(Of(Entry("none", 0)), "unix:uid:0"));

    [Fact]
    public void The_oldest_comes_first_and_ties_go_by_id() =>
        Assert.Equal(["z", "a", "b"], Match(Of(Entry("b", 2, "s:1"), Entry("z", 1, "s:1"), Entry("a", 2, "s:1")), "s:1"));

    [Fact]
    public void Of_several_with_one_hint_only_the_oldest_is_left()
    {
        var set = Of(Entry("a", 1, "s:1") with { Hint = "in" }, Entry("b", 2, "s:1") with { Hint = "in" }, Entry("c", 3, "s:1"), Entry("d", 4, "s:1"));

        Assert.Equal(["a", "c", "d"], Match(set, "s:1"));
    }

    [Fact]
    public void A_selector_that_all_entries_share_does_not_make_a_match_look_at_all()
    {
        // The shared one is the longest, so that length would be the wrong choice of a lead.
        var entries = Enumerable.Range(0, 10_000).Select(i => Entry(i.ToString("D5", CultureInfo.InvariantCulture), i, "k8s:ns:a-namespace-of-many-workloads", $"k8s:sa:{i}")).ToArray();
        var set = Of(entries);
        var process = new HashSet<string>(StringComparer.Ordinal) { "k8s:ns:a-namespace-of-many-workloads", "k8s:sa:4711", "unix:uid:0" };
        Assert.Equal("04711", Assert.Single(set.Match(process)).Id);

        // Those with the shared selector alone are one entry's candidates, not all of them.
        Assert.InRange(set.LargestGroup, 1, 1);
    }

    private static IEnumerable<string> Match(EntrySet set, params string[] selectors) => set.Match(selectors.ToHashSet(StringComparer.Ordinal)).Select(entry => entry.Id);

    private static EntrySet Of(params AgentEntry[] entries) => new(entries.ToImmutableDictionary(entry => entry.Id, StringComparer.Ordinal));

    private static AgentEntry Entry(string id, long createdAt, params string[] selectors) => new(id, $"spiffe://test.mesh/{id}", [.. selectors], "", [], createdAt, 1);
}
