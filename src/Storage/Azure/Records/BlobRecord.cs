using Azure;

namespace MeshGrains.Storage;

/// <summary>A record and the ETag of the blob that it was read from.</summary>
internal sealed record BlobRecord(StoredRecord Record, ETag ETag)
{
    public long Version => Record.Version;
}
