using Orleans;

namespace MeshGrains.Storage;

/// <summary>What Orleans' provider stores for us: the bytes of a record's frame.</summary>
internal sealed class BlobGrainState
{
    public byte[] Bytes { get; init; } = [];
}

/// <summary>A record on its way through Orleans' provider.</summary>
internal sealed class BlobGrainCell : IGrainState<BlobGrainState>
{
    public BlobGrainState? State { get; set; }

    public string? ETag { get; set; }

    public bool RecordExists { get; set; }
}
