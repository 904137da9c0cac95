namespace MeshGrains.Storage;

/// <summary>What a frame of a segment is. The numbers are stored.</summary>
internal enum LogFrameKind : byte
{
    Header = 1,
    Batch = 2,

    /// <summary>The shard goes on in the next segment.</summary>
    Roll = 3,

    /// <summary>The shard is closed for ever.</summary>
    Seal = 4,
}
