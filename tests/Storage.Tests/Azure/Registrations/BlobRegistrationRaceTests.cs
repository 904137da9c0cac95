using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Storage.Tests;

/// <summary>Two silos, late writers, lost replies, and ends at any request.</summary>
public sealed class BlobRegistrationRaceTests : IDisposable
{
    private const string Identities = "/registrations/identities/";

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly BlobFixture _blobs;
    private readonly IRegistrationStore _one;
    private readonly IRegistrationStore _other;

    public BlobRegistrationRaceTests()
    {
        _blobs = new BlobFixture { Time = _time };
        _one = _blobs.NewProcess().GetRequiredService<IRegistrationStore>();
        _other = _blobs.NewProcess().GetRequiredService<IRegistrationStore>();
    }

    public void Dispose() => _blobs.Dispose();

    [SkippableFact]
    public async Task Two_silos_that_replace_one_entry_at_once_are_told_who_won()
    {
        await _one.PutEntryAsync(Records.Entry("a"), None);
        for (var revision = 2; revision < 12; revision++)
        {
            var won = await Task.WhenAll(
                TryAsync(async () => await _one.PutEntryAsync(Records.Entry("a", revision: revision) with { Hint = "one", OperationId = $"one-{revision}" }, None)),
                TryAsync(async () => await _other.PutEntryAsync(Records.Entry("a", revision: revision) with { Hint = "other", OperationId = $"other-{revision}" }, None)));

            Assert.Single(won, outcome => outcome);
            Assert.Equal(won[0] ? "one" : "other", (await _one.GetEntryAsync(Records.TrustDomain, "a", None))!.Hint);
        }
    }

    [SkippableFact]
    public async Task Entries_that_many_write_for_one_identity_at_once_are_all_kept_and_found()
    {
        await Task.WhenAll(Enumerable.Range(0, 12).Select(number => Task.Run(
            async () => await (number % 2 == 0 ? _one : _other).PutEntryAsync(Records.Entry($"e{number:00}", 1, 1, $"k8s:ns:shop-{number}"), None))));

        var expected = Enumerable.Range(0, 12).Select(number => $"e{number:00}").ToArray();
        Assert.Equal(expected, (await _one.FindEntriesByIdentityAsync(Records.TrustDomain, Records.Identity(1), None)).Select(entry => entry.Id));
        Assert.Equal(expected, (await _other.ListEntriesAsync(Records.TrustDomain, null, 100, None)).Select(entry => entry.Id));
        for (var number = 0; number < 12; number++)
        {
            Assert.Equal($"e{number:00}", Assert.Single(await FindAsync(_other, $"k8s:ns:shop-{number}")).Id);
        }
    }

    [SkippableFact]
    public async Task One_id_that_two_silos_give_to_two_identities_goes_to_one()
    {
        for (var number = 0; number < 10; number++)
        {
            var id = $"e{number}";
            var won = await Task.WhenAll(
                TryAsync(async () => await _one.PutEntryAsync(Records.Entry(id, 100 + number), None)),
                TryAsync(async () => await _other.PutEntryAsync(Records.Entry(id, 200 + number), None)));

            Assert.Single(won, outcome => outcome);
            Assert.Equal(Records.Identity((won[0] ? 100 : 200) + number), (await _one.GetEntryAsync(Records.TrustDomain, id, None))!.SpiffeId);
        }
    }

    [SkippableFact]
    public async Task A_writer_that_comes_late_loses_and_changes_nothing()
    {
        await _one.PutEntryAsync(Records.Entry("a"), None);
        using var held = Hold("PUT", Identities);
        var late = _one.PutEntryAsync(Records.Entry("a", revision: 2) with { Hint = "late" }, None).AsTask();
        await held.Reached;
        _blobs.Requests.Before = null;
        await _other.PutEntryAsync(Records.Entry("a", revision: 2) with { Hint = "first" }, None);
        held.Release();

        await Assert.ThrowsAsync<RecordConflictException>(() => late);
        Assert.Equal("first", (await _one.GetEntryAsync(Records.TrustDomain, "a", None))!.Hint);
    }

    [SkippableTheory]
    [InlineData("/registrations/ids/")]
    [InlineData("/registrations/parents/")]
    [InlineData(Identities)]
    public async Task A_new_entry_whose_reply_is_lost_is_there_and_whoever_reads_again_knows_it(string path)
    {
        _blobs.Requests.LoseReply = (method, where) => method == "PUT" && where.Contains(path, StringComparison.Ordinal);
        var written = await TryAsync(async () => await _one.PutEntryAsync(Records.Entry("a"), None));

        var stored = await _one.GetEntryAsync(Records.TrustDomain, "a", None);
        Assert.Equal("op-a-1", stored?.OperationId);
        Assert.Equal(path != Identities, written);
        Assert.Equal("a", Assert.Single(await FindAsync(_other, "k8s:ns:shop", "k8s:sa:cart")).Id);
    }

    [SkippableTheory]
    [InlineData("/registrations/ids/")]
    [InlineData("/registrations/parents/")]
    [InlineData(Identities)]
    public async Task A_batch_of_which_a_reply_is_lost_tells_of_each_entry_no_more_than_is_so(string path)
    {
        var batch = Batch(1, 2, 3);
        var lost = 0;
        _blobs.Requests.LoseReply = (method, where) => method == "PUT" && where.Contains(path, StringComparison.Ordinal) && Interlocked.Increment(ref lost) == 1;

        var failures = await _one.CreateEntriesAsync(batch, None);

        for (var i = 0; i < batch.Length; i++)
        {
            var stored = await _other.GetEntryAsync(Records.TrustDomain, batch[i].Id, None);
            Assert.True(failures[i] is not null || stored?.OperationId == batch[i].OperationId, $"{i}: {failures[i]?.Message}");
            Assert.Equal(stored is not null, (await _other.FindEntriesByIdentityAsync(Records.TrustDomain, batch[i].SpiffeId, None)).Count == 1);
        }

        Assert.InRange(failures.Count(failure => failure is not null), 0, 1);
    }

    [SkippableFact]
    public async Task A_silo_that_ends_within_a_batch_leaves_ids_that_lead_to_nothing_and_harm_nobody()
    {
        _blobs.Requests.Before = (method, path) => method == "PUT" && path.Contains(Identities, StringComparison.Ordinal) ? throw new InvalidOperationException("ended") : Task.CompletedTask;
        Assert.All(await _one.CreateEntriesAsync(Batch(1, 2), None), Assert.NotNull);
        _blobs.Requests.Before = null;
        await _other.PutEntryAsync(Records.Entry("e", 2), None);
        _time.Advance(TimeSpan.FromHours(2));

        Assert.Equal("e", Assert.Single(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None)).Id);
        Assert.Null(await _other.GetEntryAsync(Records.TrustDomain, Batch(1, 2)[1].Id, None));

        // One that no batch has would not be listed: it is not taken.
        await Assert.ThrowsAsync<RecordConflictException>(async () => await _other.PutEntryAsync(Batch(1, 2, 3)[2], None));

        // An entry that comes late under an id of the batch is one like any other.
        await _other.PutEntryAsync(Batch(1, 2)[0], None);
        Assert.Equal(2, (await _one.ListEntriesAsync(Records.TrustDomain, null, 10, None)).Count);
        Assert.Equal(2, (await _blobs.NamesAsync("registrations/ids/")).Count);
    }

    [SkippableFact]
    public async Task A_late_writer_does_not_bring_back_what_was_created_in_a_batch_and_deleted()
    {
        var entry = Batch(1)[0];
        using var held = Hold("PUT", Identities);
        var late = _one.CreateEntriesAsync([entry], None).AsTask();
        await held.Reached;
        _blobs.Requests.Before = null;

        // Its own first try, as it were: the write took place, its reply did not come, and the entry was deleted since.
        await _other.PutEntryAsync(entry, None);
        Assert.True(await _other.DeleteEntryAsync(Records.TrustDomain, entry.Id, 1, None));
        held.Release();

        Assert.IsType<RecordConflictException>((await late)[0]);
        Assert.Empty(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None));
    }

    [SkippableFact]
    public async Task A_deletion_whose_reply_is_lost_is_done()
    {
        await _one.PutEntryAsync(Records.Entry("a"), None);
        _blobs.Requests.LoseReply = (method, where) => method == "PUT" && where.Contains(Identities, StringComparison.Ordinal);

        Assert.True(await _one.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));
        Assert.Null(await _other.GetEntryAsync(Records.TrustDomain, "a", None));
        await _one.PutTemplateAsync(Records.Template("t"), None);
        _blobs.Requests.LoseReply = (method, where) => method == "PUT" && where.Contains("/templates/", StringComparison.Ordinal);
        Assert.True(await _one.DeleteTemplateAsync(Records.TrustDomain, "t", 1, None));
    }

    [SkippableFact]
    public async Task A_silo_that_ends_before_the_entry_is_written_leaves_no_entry_and_what_it_left_is_swept()
    {
        _blobs.Requests.Before = (method, path) => method == "PUT" && path.Contains(Identities, StringComparison.Ordinal) ? throw new InvalidOperationException("ended") : Task.CompletedTask;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _one.PutEntryAsync(Records.Entry("a"), None));
        _blobs.Requests.Before = null;

        await NothingAsync();
        Assert.Single(await _blobs.NamesAsync("registrations/ids/"));
        Assert.Single(await _blobs.NamesAsync("registrations/parents/"));
        _time.Advance(TimeSpan.FromHours(2));
        await NothingAsync();
        Assert.Empty(await _blobs.NamesAsync("registrations/ids/"));
        Assert.Empty(await _blobs.NamesAsync("registrations/parents/"));

        await _one.PutEntryAsync(Records.Entry("a"), None);
        Assert.Single(await FindAsync(_one, "k8s:ns:shop", "k8s:sa:cart"));
        Assert.Single(await _one.ListEntriesAsync(Records.TrustDomain, null, 10, None));

        async Task NothingAsync()
        {
            Assert.Empty(await FindAsync(_other, "k8s:ns:shop", "k8s:sa:cart"));
            Assert.Empty(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None));
            Assert.Null(await _other.GetEntryAsync(Records.TrustDomain, "a", None));
        }
    }

    [SkippableFact]
    public async Task A_writer_that_slept_while_its_index_was_swept_writes_it_anew()
    {
        using var held = Hold("PUT", Identities);
        var late = _one.PutEntryAsync(Records.Entry("a"), None).AsTask();
        await held.Reached;
        _blobs.Requests.Before = null;
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Empty(await FindAsync(_other, "k8s:ns:shop", "k8s:sa:cart"));
        Assert.Empty(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None));
        Assert.Empty(await _blobs.NamesAsync("registrations/parents/"));
        held.Release();
        await late;

        Assert.Equal("a", Assert.Single(await FindAsync(_other, "k8s:ns:shop", "k8s:sa:cart")).Id);
        Assert.Equal("a", Assert.Single(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None)).Id);
    }

    [SkippableFact]
    public async Task An_entry_whose_selectors_change_is_found_by_the_new_ones_alone()
    {
        await _one.PutEntryAsync(Records.Entry("a", 1, 1, "k8s:ns:shop"), None);
        await _one.PutEntryAsync(Records.Entry("a", 1, 2, "k8s:ns:bank"), None);

        Assert.Empty(await FindAsync(_other, "k8s:ns:shop"));
        Assert.Single(await FindAsync(_other, "k8s:ns:bank"));
        Assert.Single(await _blobs.NamesAsync("registrations/parents/"));
    }

    [SkippableFact]
    public async Task A_deletion_that_ended_half_way_hides_nothing_and_can_be_repeated()
    {
        await _one.PutEntryAsync(Records.Entry("a"), None);
        _blobs.Requests.Before = (method, path) => method == "PUT" && path.Contains(Identities, StringComparison.Ordinal) ? throw new InvalidOperationException("ended") : Task.CompletedTask;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await _one.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));
        _blobs.Requests.Before = null;

        Assert.Single(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None));
        Assert.NotNull(await _other.GetEntryAsync(Records.TrustDomain, "a", None));
        Assert.True(await _other.DeleteEntryAsync(Records.TrustDomain, "a", 1, None));
        Assert.Empty(await _other.ListEntriesAsync(Records.TrustDomain, null, 10, None));
    }

    private static async Task<IReadOnlyList<RegistrationEntry>> FindAsync(IRegistrationStore store, params string[] selectors)
        => await store.FindEntriesBySelectorsAsync(
            Records.TrustDomain, "spiffe://mesh.local/node/a", [.. selectors.Select(text => Selector.TryParse(text, out var selector) ? selector! : throw new ArgumentException(text))], None);

    private static async Task<bool> TryAsync(Func<Task> write)
    {
        try
        {
            await write();
            return true;
        }
        catch (RecordConflictException)
        {
            return false;
        }
    }

    private HeldRequest Hold(string method, string path)
    {
        var held = new HeldRequest();
        _blobs.Requests.Before = (sent, where) => sent == method && where.Contains(path, StringComparison.Ordinal) ? held.WaitAsync() : Task.CompletedTask;
        return held;
    }

    private static RegistrationEntry[] Batch(params int[] identities)
        => [.. identities.Select((identity, i) => Records.Entry(EntryBatchId.Of("00ff00ff00ff00ff00ff00ff00ff00ff", i), identity))];
}
