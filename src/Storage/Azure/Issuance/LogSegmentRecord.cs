namespace MeshGrains.Storage;

/// <summary>
/// Where a record lies in its segment's bytes, and what searches need of it. <paramref name="NotAfter"/> is 0 where the record is no leaf.
/// </summary>
internal readonly record struct LogSegmentRecord(long Position, long SerialHash, long IdentityHash, long IssuedAt, long NotBefore, long NotAfter, int Offset, int Length);
