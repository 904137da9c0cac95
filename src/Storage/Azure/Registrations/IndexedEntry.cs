namespace MeshGrains.Storage;

/// <summary>An id as the index has it: whether there is such an entry, the identity's own blob tells.</summary>
internal sealed record IndexedEntry(string Id, string Identity, bool IsEnding, IndexBlob Blob);
