using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>The wrapped record key in <c>state.db</c>: one row.</summary>
internal sealed class SqliteRecordKeyStore(SqliteDatabase database) : IRecordKeyStore
{
    public ValueTask<WrappedRecordKey?> ReadAsync(CancellationToken cancellationToken) => database.ReadAsync(Read, cancellationToken);

    public ValueTask<bool> TryWriteAsync(WrappedRecordKey? expected, WrappedRecordKey next, CancellationToken cancellationToken)
        => database.WriteAsync(
            session => Read(session) == expected && session.Use("INSERT OR REPLACE INTO record_key VALUES (1, ?1, ?2, ?3)")
                .Bind(1, next.WrappingKeyName).Bind(2, next.KeyReference).Bind(3, next.Wrapped).Execute() == 1,
            cancellationToken);

    private static WrappedRecordKey? Read(SqliteSession session)
    {
        using var row = session.Use("SELECT wrapping_key_name, key_reference, wrapped FROM record_key");
        return row.Step()
            ? new WrappedRecordKey(row.Text(0), row.IsNull(1) ? null : row.Text(1), row.IsNull(2) ? null : row.Text(2))
            : null;
    }
}
