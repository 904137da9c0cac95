using Azure;

namespace MeshGrains.Storage;

/// <summary>A blob that finds something, as it was seen.</summary>
internal sealed record IndexBlob(string Name, ETag ETag, DateTimeOffset LastModified, IDictionary<string, string> Metadata);
