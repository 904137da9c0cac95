using Microsoft.Data.Sqlite;

namespace MeshGrains.Storage;

/// <summary>Makes database files ready: private to their owner, in WAL mode, at the newest schema.</summary>
internal static class SqliteFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerOnly | UnixFileMode.UserExecute;

    /// <exception cref="SqliteSchemaException">The file is of another kind or of a newer version.</exception>
    public static SqliteSession Open(string path, SqliteSchema schema, SqliteAccess access, TimeSpan busyTimeout)
    {
        CreatePrivate(path);
        SqliteSession? session = null;
        try
        {
            session = SqliteSession.Open(path, access, busyTimeout);

            // Before anything is written: a file of another kind must be left as it is.
            var version = session.Read(inside => CheckedVersion(inside, path, schema));
            session.Run("PRAGMA journal_mode=WAL");
            if (version < schema.Version)
            {
                session.Write(inside => Migrate(inside, path, schema));
            }

            return session;
        }
        catch (SqliteException exception) when (exception.SqliteErrorCode == SQLitePCL.raw.SQLITE_NOTADB)
        {
            session?.Dispose();
            throw new SqliteSchemaException($"{path} is not a SQLite database. Move it away or name another folder.");
        }
        catch
        {
            session?.Dispose();
            throw;
        }
    }

    private static int Migrate(SqliteSession session, string path, SqliteSchema schema)
    {
        // Another process may have migrated the file while this one waited for the lock.
        var version = CheckedVersion(session, path, schema);
        for (var next = version; next < schema.Version; next++)
        {
            session.Run(schema.Migrations[next]);
        }

        session.Run($"PRAGMA application_id={schema.ApplicationId}");
        session.Run($"PRAGMA user_version={schema.Version}");
        return schema.Version;
    }

    /// <summary>Runs inside a transaction: what it reads is to be of one moment, while another process may be migrating the file.</summary>
    private static int CheckedVersion(SqliteSession session, string path, SqliteSchema schema)
    {
        var application = (int)session.Number("PRAGMA application_id");
        var version = (int)session.Number("PRAGMA user_version");
        var empty = session.Number("SELECT count(*) FROM sqlite_master") == 0;
        if (application != schema.ApplicationId && !(application == 0 && version == 0 && empty))
        {
            throw new SqliteSchemaException($"{path} is a SQLite database, but not MeshGrains' {schema.Name}. Name another folder.");
        }

        if (version > schema.Version)
        {
            throw new SqliteSchemaException(
                $"{path} has schema version {version}, and this version of MeshGrains knows none above {schema.Version}. "
                + "Run the newer version that wrote it, or restore the backup taken before the upgrade.");
        }

        return version;
    }

    private static void CreatePrivate(string path)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        if (OperatingSystem.IsWindows())
        {
            // Files there inherit the access list of their folder.
            Directory.CreateDirectory(folder);
            File.Open(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite).Dispose();
            return;
        }

        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder, OwnerFolder);
        }

        // SQLite gives its WAL and shared-memory files the mode of the database file. An existing file is never opened here: closing it again
        // would drop the locks that this process holds on it.
        if (File.Exists(path))
        {
            File.SetUnixFileMode(path, OwnerOnly);
            return;
        }

        File.Open(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = OwnerOnly,
        }).Dispose();
    }
}
