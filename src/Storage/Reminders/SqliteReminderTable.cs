using System.Globalization;
using Orleans;
using Orleans.Runtime;

namespace MeshGrains.Storage;

/// <summary>
/// Reminders in <c>state.db</c>, found by grain and by the ranges of grain hashes that silos own. The ETag is a number that grows with each write.
/// </summary>
internal sealed class SqliteReminderTable(SqliteDatabase database) : IReminderTable
{
    private const string Columns = "grain, name, start_at, period, version";

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    public Task<ReminderTableData> ReadRows(GrainId grainId)
        => Find($"SELECT {Columns} FROM reminder WHERE grain = ?1 ORDER BY name", statement => statement.Bind(1, grainId.ToString()));

    /// <summary>Hashes above <paramref name="begin"/> and up to <paramref name="end"/>; around the end of the ring when begin is not below end.</summary>
    public Task<ReminderTableData> ReadRows(uint begin, uint end)
        => Find(
            begin < end
                ? $"SELECT {Columns} FROM reminder WHERE hash > ?1 AND hash <= ?2"
                : $"SELECT {Columns} FROM reminder WHERE hash > ?1 OR hash <= ?2",
            statement => statement.Bind(1, begin).Bind(2, end));

    public async Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName)
        => await database.ReadAsync(
            session =>
            {
                using var row = session.Use($"SELECT {Columns} FROM reminder WHERE grain = ?1 AND name = ?2");
                return row.Bind(1, grainId.ToString()).Bind(2, reminderName).Step() ? ToEntry(row) : null;
            },
            CancellationToken.None).ConfigureAwait(false);

    public async Task<string?> UpsertRow(ReminderEntry entry)
        => await database.WriteAsync(
            session =>
            {
                using var write = session.Use(
                    """
                    INSERT INTO reminder VALUES (?1, ?2, ?3, ?4, ?5, 1)
                    ON CONFLICT (grain, name) DO UPDATE SET hash = ?3, start_at = ?4, period = ?5, version = version + 1
                    """);
                write.Bind(1, entry.GrainId.ToString()).Bind(2, entry.ReminderName).Bind(3, entry.GrainId.GetUniformHashCode())
                    .Bind(4, entry.StartAt.Ticks).Bind(5, entry.Period.Ticks).Execute();
                using var row = session.Use("SELECT version FROM reminder WHERE grain = ?1 AND name = ?2");
                row.Bind(1, entry.GrainId.ToString()).Bind(2, entry.ReminderName).Step();
                return row.Int64(0).ToString(CultureInfo.InvariantCulture);
            },
            CancellationToken.None).ConfigureAwait(false);

    public async Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
        => await database.WriteAsync(
            session => session.Use("DELETE FROM reminder WHERE grain = ?1 AND name = ?2 AND CAST(version AS TEXT) = ?3")
                .Bind(1, grainId.ToString()).Bind(2, reminderName).Bind(3, eTag).Execute() == 1,
            CancellationToken.None).ConfigureAwait(false);

    public async Task TestOnlyClearTable()
        => await database.WriteAsync(session => session.Use("DELETE FROM reminder").Execute(), CancellationToken.None).ConfigureAwait(false);

    private static ReminderEntry ToEntry(SqliteStatement row) => new()
    {
        GrainId = GrainId.Parse(row.Text(0)),
        ReminderName = row.Text(1),
        StartAt = new DateTime(row.Int64(2), DateTimeKind.Utc),
        Period = new TimeSpan(row.Int64(3)),
        ETag = row.Int64(4).ToString(CultureInfo.InvariantCulture),
    };

    private async Task<ReminderTableData> Find(string sql, Action<SqliteStatement> bind)
        => await database.ReadAsync(
            session =>
            {
                var entries = new List<ReminderEntry>();
                using var rows = session.Use(sql);
                bind(rows);
                while (rows.Step())
                {
                    entries.Add(ToEntry(rows));
                }

                return new ReminderTableData(entries);
            },
            CancellationToken.None).ConfigureAwait(false);
}
