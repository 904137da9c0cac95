using System.Text;
using MeshGrains.Grains;
using Microsoft.Data.Sqlite;
using Orleans.Runtime;

namespace MeshGrains.Storage.Tests;

/// <summary>Files that version 1 wrote, kept as SQL whose tags and hashes were computed by another program, are read by the present version.</summary>
public sealed class Version1Tests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_state_database_of_version_1_is_read_in_full()
    {
        using var state = new StateFixture();
        Build(state.DatabasePath, "state.sql");

        var grains = new SqliteGrainStorage(state.Database, new TestCodec(), state.Seal);
        var kept = new Cell<Trusted>();
        await grains.ReadStateAsync("state", GrainId.Create("test", "mesh.local"), kept);
        Assert.Equal(("kept", "4", true), (kept.State!.Value, kept.ETag, kept.RecordExists));
        var cleared = new Cell<Trusted>();
        await grains.ReadStateAsync("state", GrainId.Create("test", "cleared"), cleared);
        Assert.Equal(("2", false), (cleared.ETag, cleared.RecordExists));

        var reminder = await new SqliteReminderTable(state.Database).ReadRow(GrainId.Create("test", "mesh.local"), "renew");
        Assert.Equal((new DateTime(2030, 1, 22, 0, 0, 0, DateTimeKind.Utc), TimeSpan.FromMinutes(5), "7"), (reminder!.StartAt, reminder.Period, reminder.ETag));

        var registrations = new SqliteRegistrationStore(state.Database, state.Seal);
        var entry = Assert.Single(await registrations.ListEntriesAsync(Records.TrustDomain, null, 10, None));
        Assert.Equal(["k8s:ns:shop", "k8s:sa:cart"], entry.Selectors.Select(selector => selector.ToString()));
        Assert.Equal("a", Assert.Single(await registrations.FindEntriesBySelectorsAsync(Records.TrustDomain, entry.ParentId, entry.Selectors, None)).Id);
        Assert.Equal("a", Assert.Single(await registrations.FindEntriesByIdentityAsync(Records.TrustDomain, entry.SpiffeId, None)).Id);
        await Assert.ThrowsAsync<RecordConflictException>(async () => await registrations.PutEntryAsync(Records.Entry("twin"), None));
        await Assert.ThrowsAsync<RecordConflictException>(async () => await registrations.PutEntryAsync(Records.Entry("gone", 2), None));
        await registrations.PutEntryAsync(Records.Entry("a", revision: 2), None);
        Assert.Equal(Records.Template("t", 2, "spiffe://{trustDomain}/ns/{k8s.ns}"), Assert.Single(await registrations.ListTemplatesAsync(Records.TrustDomain, None)));

        Assert.Equal(3, (await new SqliteDenialStore(state.Database, state.Seal).ReadAsync(Records.TrustDomain, None)).Number);
        Assert.Equal(Records.Token(1), await new SqliteJoinTokenStore(state.Database, state.Seal).TryConsumeAsync(
            Records.TrustDomain, Records.Token(1).TokenHash, "a-call", Records.Start, None));
        Assert.Equal(new WrappedRecordKey("records", "file:records/1", "AAAA"), await new SqliteRecordKeyStore(state.Database).ReadAsync(None));
    }

    [Fact]
    public async Task An_issuance_log_of_version_1_is_read_its_chain_holds_and_it_goes_on()
    {
        using var log = new LogFixture();
        Directory.CreateDirectory(Path.GetDirectoryName(log.LogPath)!);
        Build(log.LogPath, "log.sql");

        Assert.Empty(await log.Log.VerifyChainAsync(None));
        for (var number = 1; number <= 3; number++)
        {
            var found = await log.Log.FindBySerialAsync(Records.TrustDomain, Records.Serial(number), null, None);
            Assert.Equal(Records.Leaf(number) with { DerSha256 = default }, found! with { DerSha256 = default });
            Assert.Equal(Records.Leaf(number).DerSha256.ToArray(), found.DerSha256.ToArray());
        }

        await Assert.ThrowsAsync<RecordConflictException>(() => log.AppendAsync(Records.Leaf(2)));
        await log.AppendAsync(Records.Leaf(4));
        Assert.Empty(await log.Log.VerifyChainAsync(None));
        Assert.Equal([4L, 3, 2, 1], (await log.Log.ListAsync(Records.TrustDomain, null, 10, None)).Select(found => found.Position));
        Assert.Equal(7, await log.Log.HighestBundleNumberAsync(Records.TrustDomain, None));

        Assert.Equal(0, await log.Log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
        await log.Log.RaiseAnchorAsync(Records.TrustDomain, LogAnchor.Denials, 9, None);
        await log.Log.SealAsync(Records.TrustDomain, Records.Issuer, None);
        log.Close();
        Assert.Equal(9, await log.Log.ReadAnchorAsync(Records.TrustDomain, LogAnchor.Denials, None));
        await Assert.ThrowsAsync<IssuanceShardSealedException>(() => log.AppendAsync(Records.Leaf(5)));
        Assert.Empty(await log.Log.VerifyChainAsync(None));
    }

    private static void Build(string path, string script)
    {
        using var source = typeof(Version1Tests).Assembly.GetManifestResourceStream(script)!;
        using var reader = new StreamReader(source, Encoding.UTF8);
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = reader.ReadToEnd();
        command.ExecuteNonQuery();
    }
}
