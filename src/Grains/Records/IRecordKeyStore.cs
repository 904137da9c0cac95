namespace MeshGrains.Grains;

/// <summary>
/// Keeps the wrapped record key: written once, then only read. It is protected by the KMS key that wrapped it, so it carries no tag.
/// </summary>
public interface IRecordKeyStore
{
    ValueTask<WrappedRecordKey?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Replaces the stored value if it still equals <paramref name="expected"/> (null: none stored).</summary>
    /// <returns>False when another writer was first.</returns>
    ValueTask<bool> TryWriteAsync(WrappedRecordKey? expected, WrappedRecordKey next, CancellationToken cancellationToken);
}
