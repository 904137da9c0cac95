using MeshGrains.Testing;
using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteFileTests : IDisposable
{
    private static readonly SqliteSchema Version1 = new("test database", 77, ["CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL)"]);
    private static readonly SqliteSchema Version3 = new("test database", 77,
    [
        .. Version1.Migrations,
        "ALTER TABLE note ADD COLUMN stars INTEGER NOT NULL DEFAULT 5",
        "CREATE TABLE tag (note INTEGER NOT NULL REFERENCES note (id), name TEXT NOT NULL); INSERT INTO tag SELECT id, 'old' FROM note",
    ]);

    private readonly TempDirectory _folder = new();

    private string FilePath => _folder.File("sub/test.db");

    [Fact]
    public void A_file_of_version_1_is_migrated_and_keeps_its_data()
    {
        using (var session = Open(Version1))
        {
            session.Run("INSERT INTO note VALUES (1, 'kept')");
        }

        using var migrated = Open(Version3);
        Assert.Equal(3, migrated.Number("PRAGMA user_version"));
        Assert.Equal(5, migrated.Number("SELECT stars FROM note WHERE text = 'kept'"));
        Assert.Equal(1, migrated.Number("SELECT count(*) FROM tag WHERE name = 'old'"));
        Assert.ThrowsAny<SqliteException>(() => migrated.Run("INSERT INTO tag VALUES (99, 'orphan')"));
    }

    [Fact]
    public void A_migration_that_fails_leaves_the_file_at_its_version()
    {
        using (var session = Open(Version1))
        {
            session.Run("INSERT INTO note VALUES (1, 'kept')");
        }

        var broken = Version3 with { Migrations = [.. Version3.Migrations, "CREATE TABLE broken (", "CREATE TABLE never (id INTEGER)"] };
        Assert.ThrowsAny<SqliteException>(() => Open(broken));

        using var session2 = Open(Version1);
        Assert.Equal(1, session2.Number("SELECT count(*) FROM note"));
        Assert.Equal(1, session2.Number("PRAGMA user_version"));
    }

    [Fact]
    public void A_newer_file_is_refused_with_what_to_do_and_stays_as_it_is()
    {
        Open(Version3).Dispose();
        var before = File.ReadAllBytes(FilePath);

        var refused = Assert.Throws<SqliteSchemaException>(() => Open(Version1));
        Assert.Contains("Run the newer version", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void A_database_of_something_else_is_refused_and_stays_as_it_is()
    {
        using (var foreign = new SqliteConnection($"Data Source={_folder.File("foreign.db")};Pooling=False"))
        {
            foreign.Open();
            using var create = foreign.CreateCommand();
            create.CommandText = "CREATE TABLE theirs (id INTEGER)";
            create.ExecuteNonQuery();
        }

        var before = File.ReadAllBytes(_folder.File("foreign.db"));
        Assert.Throws<SqliteSchemaException>(() => SqliteFile.Open(_folder.File("foreign.db"), Version1, SqliteAccess.ReadWrite, TimeSpan.Zero));
        Assert.Equal(before, File.ReadAllBytes(_folder.File("foreign.db")));
    }

    [Fact]
    public void A_file_that_is_no_database_is_refused()
    {
        _folder.Write("text.db", new string('x', 4096));
        Assert.Throws<SqliteSchemaException>(() => SqliteFile.Open(_folder.File("text.db"), Version1, SqliteAccess.ReadWrite, TimeSpan.Zero));
    }

    [Fact]
    public void Files_belong_to_their_owner_alone()
    {
        using var session = Open(Version1);
        session.Run("INSERT INTO note VALUES (1, 'x')");
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var path in Directory.GetFiles(_folder.File("sub")))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        Assert.Equal(3, Directory.GetFiles(_folder.File("sub")).Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder.File("sub")));
    }

    [Fact]
    public void Commits_are_synced_and_the_journal_is_a_wal()
    {
        using var session = Open(Version1);
        Assert.Equal(2, session.Number("PRAGMA synchronous"));
        Assert.Equal(1, session.Number("SELECT journal_mode = 'wal' FROM pragma_journal_mode"));
        Assert.Equal(1, session.Number("PRAGMA foreign_keys"));
    }

    [Fact]
    public void Two_processes_that_open_a_new_file_at_once_both_find_the_schema()
    {
        Parallel.For(0, 8, _ => Open(Version3).Dispose());
        using var session = Open(Version3);
        Assert.Equal(3, session.Number("PRAGMA user_version"));
    }

    [Fact]
    public void The_products_own_schemas_open_twice()
    {
        foreach (var schema in (SqliteSchema[])[StateSchema.Current, LogSchemas.Log, LogSchemas.Index])
        {
            var path = _folder.File($"{schema.Name}.db");
            SqliteFile.Open(path, schema, SqliteAccess.ReadWrite, TimeSpan.Zero).Dispose();
            using var again = SqliteFile.Open(path, schema, SqliteAccess.ReadWrite, TimeSpan.Zero);
            Assert.Equal(schema.Version, again.Number("PRAGMA user_version"));
        }
    }

    public void Dispose() => _folder.Dispose();

    private SqliteSession Open(SqliteSchema schema) => SqliteFile.Open(FilePath, schema, SqliteAccess.ReadWrite, TimeSpan.FromSeconds(5));
}
