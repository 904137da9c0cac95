namespace MeshGrains.Storage;

/// <summary>The log itself, and the index beside it, which can be made again from the log at any time.</summary>
internal static class LogSchemas
{
    public static SqliteSchema Log { get; } = new("issuance log", 0x4D474C4F,
    [
        """
        CREATE TABLE log (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            log_id BLOB NOT NULL,
            probes INTEGER NOT NULL);
        INSERT INTO log VALUES (1, randomblob(16), 0);

        CREATE TABLE shard (
            id INTEGER PRIMARY KEY,
            trust_domain TEXT NOT NULL,
            issuer TEXT NOT NULL,
            batches INTEGER NOT NULL,
            head_position INTEGER NOT NULL,
            head_hash BLOB NOT NULL,
            highest_bundle INTEGER NOT NULL,
            UNIQUE (trust_domain, issuer));

        CREATE TABLE batch (
            position INTEGER PRIMARY KEY,
            shard INTEGER NOT NULL,
            number INTEGER NOT NULL,
            format INTEGER NOT NULL,
            records INTEGER NOT NULL,
            previous BLOB NOT NULL,
            hash BLOB NOT NULL,
            body BLOB NOT NULL);
        """,
        """
        ALTER TABLE shard ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE anchor (
            trust_domain TEXT NOT NULL,
            name INTEGER NOT NULL,
            value INTEGER NOT NULL,
            PRIMARY KEY (trust_domain, name)) WITHOUT ROWID;
        """,
    ]);

    public static SqliteSchema Index { get; } = new("index of the issuance log", 0x4D474C49,
    [
        """
        CREATE TABLE progress (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            log_id BLOB NOT NULL,
            next_position INTEGER NOT NULL);

        CREATE TABLE serial (
            hash INTEGER NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (hash, position)) WITHOUT ROWID;

        CREATE TABLE identity (
            hash INTEGER NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (hash, position)) WITHOUT ROWID;

        CREATE TABLE leaves (
            shard INTEGER NOT NULL,
            not_after INTEGER NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (shard, not_after)) WITHOUT ROWID;
        """,
    ]);
}
