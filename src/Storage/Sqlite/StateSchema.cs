namespace MeshGrains.Storage;

/// <summary>
/// The schema of <c>state.db</c>. Rows that bear trust carry a tag over their key, version and content. What is deleted leaves a row without
/// content, so that a version never starts over.
/// </summary>
internal static class StateSchema
{
    public static SqliteSchema Current { get; } = new("state database", 0x4D475354,
    [
        """
        CREATE TABLE grain_state (
            name TEXT NOT NULL,
            grain TEXT NOT NULL,
            version INTEGER NOT NULL,
            content BLOB,
            tag BLOB,
            PRIMARY KEY (name, grain)) WITHOUT ROWID;

        CREATE TABLE reminder (
            grain TEXT NOT NULL,
            name TEXT NOT NULL,
            hash INTEGER NOT NULL,
            start_at INTEGER NOT NULL,
            period INTEGER NOT NULL,
            version INTEGER NOT NULL,
            PRIMARY KEY (grain, name)) WITHOUT ROWID;
        CREATE INDEX reminder_by_hash ON reminder (hash);

        CREATE TABLE registration (
            kind INTEGER NOT NULL,
            trust_domain TEXT NOT NULL,
            id TEXT NOT NULL,
            revision INTEGER NOT NULL,
            operation_id TEXT NOT NULL,
            twin TEXT,
            identity TEXT,
            parent TEXT,
            lead TEXT,
            content BLOB,
            tag BLOB NOT NULL,
            PRIMARY KEY (kind, trust_domain, id)) WITHOUT ROWID;
        CREATE UNIQUE INDEX registration_twin ON registration (kind, trust_domain, twin) WHERE twin IS NOT NULL;
        CREATE INDEX registration_by_identity ON registration (trust_domain, identity) WHERE identity IS NOT NULL;
        CREATE INDEX registration_by_parent ON registration (trust_domain, parent, lead) WHERE parent IS NOT NULL;

        CREATE TABLE denial_set (
            trust_domain TEXT PRIMARY KEY NOT NULL,
            number INTEGER NOT NULL,
            content BLOB NOT NULL,
            tag BLOB NOT NULL) WITHOUT ROWID;

        CREATE TABLE join_token (
            trust_domain TEXT NOT NULL,
            hash TEXT NOT NULL,
            version INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            content BLOB NOT NULL,
            tag BLOB NOT NULL,
            PRIMARY KEY (trust_domain, hash)) WITHOUT ROWID;
        CREATE INDEX join_token_by_end ON join_token (expires_at);

        CREATE TABLE record_key (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            wrapping_key_name TEXT NOT NULL,
            key_reference TEXT,
            wrapped TEXT);
        """,
    ]);
}
