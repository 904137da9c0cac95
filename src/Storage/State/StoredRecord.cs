namespace MeshGrains.Storage;

/// <summary>An authenticated row as it lies in the file, not yet verified. No content: what was there is deleted.</summary>
internal sealed record StoredRecord(string Key, long Version, byte[]? Content, byte[] Tag);
