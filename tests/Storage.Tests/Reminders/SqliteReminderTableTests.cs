using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteReminderTableTests : StateFixture
{
    private static readonly DateTime Start = new(2030, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private SqliteReminderTable Table => field ??= new SqliteReminderTable(Database);

    [Fact]
    public async Task A_reminder_reads_back_and_each_write_gives_a_new_etag()
    {
        var entry = Entry(1);
        var first = await Table.UpsertRow(entry);
        var second = await Table.UpsertRow(entry);
        var read = await Table.ReadRow(entry.GrainId, "renew");

        Assert.NotEqual(first, second);
        Assert.Equal((entry.GrainId, "renew", Start, TimeSpan.FromMinutes(5), second), (read!.GrainId, read.ReminderName, read.StartAt, read.Period, read.ETag));
        Assert.Equal(DateTimeKind.Utc, read.StartAt.Kind);
        Assert.Null(await Table.ReadRow(entry.GrainId, "other"));
    }

    [Fact]
    public async Task A_reminder_is_removed_only_with_its_etag()
    {
        var entry = Entry(1);
        var old = await Table.UpsertRow(entry);
        var current = await Table.UpsertRow(entry);

        Assert.False(await Table.RemoveRow(entry.GrainId, "renew", old!));
        Assert.True(await Table.RemoveRow(entry.GrainId, "renew", current!));
        Assert.False(await Table.RemoveRow(entry.GrainId, "renew", current!));
    }

    [Fact]
    public async Task Reminders_of_a_grain_are_read_together()
    {
        await Table.UpsertRow(Entry(1, "a"));
        await Table.UpsertRow(Entry(1, "b"));
        await Table.UpsertRow(Entry(2, "a"));

        Assert.Equal(["a", "b"], (await Table.ReadRows(Entry(1).GrainId)).Reminders.Select(entry => entry.ReminderName));
    }

    [Fact]
    public async Task Any_cut_of_the_ring_gives_every_reminder_to_exactly_one_part()
    {
        for (var number = 0; number < 60; number++)
        {
            await Table.UpsertRow(Entry(number));
        }

        var hashes = Enumerable.Range(0, 60).Select(number => Entry(number).GrainId.GetUniformHashCode()).Order().ToArray();
        foreach (var (begin, end) in ((uint, uint)[])[(0, uint.MaxValue / 2), (hashes[3], hashes[40]), (hashes[40], hashes[3]), (5, 4)])
        {
            var inside = (await Table.ReadRows(begin, end)).Reminders.Select(entry => entry.GrainId).ToHashSet();
            var outside = (await Table.ReadRows(end, begin)).Reminders.Select(entry => entry.GrainId).ToHashSet();
            Assert.Equal(60, inside.Count + outside.Count);
            Assert.Empty(inside.Intersect(outside));
            Assert.All(inside, grain => Assert.True(begin < end
                ? grain.GetUniformHashCode() > begin && grain.GetUniformHashCode() <= end
                : grain.GetUniformHashCode() > begin || grain.GetUniformHashCode() <= end));
        }

        Assert.Equal(60, (await Table.ReadRows(0, 0)).Reminders.Count);
        Assert.Equal(60, (await Table.ReadRows(hashes[7], hashes[7])).Reminders.Count);
    }

    [Fact]
    public async Task Reminders_outlive_the_process()
    {
        await Table.UpsertRow(Entry(1));
        Restart();
        Assert.Single((await new SqliteReminderTable(Database).ReadRows(0, 0)).Reminders);
        await new SqliteReminderTable(Database).TestOnlyClearTable();
        Assert.Empty((await new SqliteReminderTable(Database).ReadRows(0, 0)).Reminders);
    }

    private static ReminderEntry Entry(int number, string name = "renew") => new()
    {
        GrainId = GrainId.Create("cluster-ca", $"mesh.local/cluster-{number}"),
        ReminderName = name,
        StartAt = Start,
        Period = TimeSpan.FromMinutes(5),
    };
}
