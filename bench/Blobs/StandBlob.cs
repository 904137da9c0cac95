namespace MeshGrains.Bench;

/// <summary>One blob of the stand, never changed once it is there.</summary>
internal sealed record StandBlob(string Name, byte[] Content, IReadOnlyList<KeyValuePair<string, string>> Metadata, string ETag, DateTimeOffset Modified);
