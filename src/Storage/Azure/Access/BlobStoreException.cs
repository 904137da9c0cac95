using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>A blob store failed or refused.</summary>
public sealed class BlobStoreException(string message) : StoreUnavailableException(message);
