using Orleans.Storage;

namespace MeshGrains.Storage;

/// <summary>Hands our frames through Orleans' provider as they are; no type is ever chosen by stored bytes.</summary>
internal sealed class BlobGrainStateSerializer : IGrainStorageSerializer
{
    public BinaryData Serialize<T>(T? input) => input is BlobGrainState state ? new BinaryData(state.Bytes) : throw Foreign(typeof(T));

    // The provider lends its buffer only for this call.
    public T Deserialize<T>(BinaryData input)
        => new BlobGrainState { Bytes = input.ToMemory().ToArray() } is T state ? state : throw Foreign(typeof(T));

    private static NotSupportedException Foreign(Type type)
        => new($"{type} is written to the inner blob storage; use the storage '{SqliteStorageServices.GrainStorageName}' in [PersistentState].");
}
