namespace MeshGrains.Storage;

/// <summary>A shard at its newest segment, whose lease is held. A length of 0 means that the segment's header is still to be written.</summary>
internal sealed record OpenShard(LogSegment Segment, string Lease, long Length, int Blocks, LogHead Head, bool IsSealed);
