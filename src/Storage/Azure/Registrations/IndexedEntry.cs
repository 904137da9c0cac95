namespace MeshGrains.Storage;

/// <summary>
/// An id as the index has it: whether there is such an entry, the identity's own blob tells. <paramref name="Blob"/> is the id's own; null where it shares
/// its batch's, which is never swept.
/// </summary>
internal sealed record IndexedEntry(string Id, string Identity, bool IsEnding, IndexBlob? Blob);
