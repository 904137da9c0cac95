namespace MeshGrains.Storage;

/// <summary>A blob store failed or refused; the text says what to do. Whether a write that failed so took place is not known: read again.</summary>
public sealed class BlobStoreException(string message) : IOException(message);
