namespace MeshGrains.Storage;

/// <summary>What the index keeps of one record. <paramref name="NotAfter"/> is in Unix seconds; 0 where the record is no leaf.</summary>
internal readonly record struct LogEntry(long SerialHash, long IdentityHash, long NotAfter, int Shard);
