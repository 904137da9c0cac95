using MeshGrains.Testing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class EntryBatchesTests
{
    private const string Domain = "mesh.test";

    private readonly Faults _faults = new();
    private readonly MemoryRegistrations _store;
    private readonly RegistrationChanges _changes = new();
    private readonly List<string?> _changed = [];
    private readonly EntryBatches _batches;

    public EntryBatchesTests()
    {
        _store = new MemoryRegistrations(_faults);
        _changes.Changed += _changed.Add;
        _batches = new EntryBatches(
            _store, Options.Create(new TrustDomainOptions { Name = Domain }), Options.Create(new SvidOptions()), Options.Create(new HomeOptions()), _changes,
            new SystemRandomSource(), new FakeTimeProvider());
    }

    [Fact]
    public async Task Entries_get_ids_of_one_batch_and_agents_of_each_parent_are_told_once()
    {
        var outcomes = await _batches.CreateAsync([Entry("a", "x"), Entry("b", "x"), Entry("c", "y")], "op");

        Assert.All(outcomes, outcome => Assert.Equal(EntryOutcomeKind.Created, outcome.Kind));
        Assert.Equal(_store.Entries.Select(entry => entry.Id), outcomes.Select(outcome => outcome.Entry!.Id));
        Assert.Single(_store.Entries, entry => EntryBatchId.TryParse(entry.Id, out _, out var number) && number == 2);
        Assert.Equal([$"spiffe://{Domain}/node/x", $"spiffe://{Domain}/node/y"], _changed);
    }

    [Fact]
    public async Task An_entry_whose_reply_was_lost_is_created()
    {
        _faults.FailNext("entry.put", after: true);

        Assert.Equal(EntryOutcomeKind.Created, (await _batches.CreateAsync([Entry("a")], "op"))[0].Kind);
        Assert.Single(_store.Entries);
    }

    [Fact]
    public async Task An_entry_like_one_that_is_there_is_told_with_the_one_that_is_there()
    {
        var first = (await _batches.CreateAsync([Entry("a")], "op"))[0].Entry!;
        _faults.FailNext("entry.put", times: 2, failure: new RecordConflictException("entry", "a twin exists"));

        var outcomes = await _batches.CreateAsync([Entry("a"), Entry("b")], "op");

        Assert.Equal((EntryOutcomeKind.Exists, first.Id), (outcomes[0].Kind, outcomes[0].Entry?.Id));
        Assert.Equal((EntryOutcomeKind.Refused, "entry_conflict"), (outcomes[1].Kind, outcomes[1].Refusal?.Reason));
    }

    [Fact]
    public async Task One_that_fails_or_is_wrong_holds_up_no_other()
    {
        _faults.FailNext("entry.put");

        var outcomes = await _batches.CreateAsync([Entry("a"), Entry("b") with { X509SvidTtlSeconds = 0 }, Entry("c") with { TrustDomain = "other.test" }, Entry("d")], "op");

        Assert.Equal([EntryOutcomeKind.Failed, EntryOutcomeKind.Refused, EntryOutcomeKind.Refused, EntryOutcomeKind.Created], outcomes.Select(outcome => outcome.Kind));
        Assert.Equal(["store_unavailable", "bad_entry", "bad_entry", null], outcomes.Select(outcome => outcome.Refusal?.Reason));
        Assert.EndsWith("/d", Assert.Single(_store.Entries).SpiffeId, StringComparison.Ordinal);
    }

    private static RegistrationEntry Entry(string name, string node = "x") => new(
        "", Domain, $"spiffe://{Domain}/{name}", $"spiffe://{Domain}/node/{node}", [new Selector("unix", "uid:1")], null, null, [], null, [], null, default, 0, "");
}
