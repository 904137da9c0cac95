using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class SqliteRecordKeyStoreTests : RecordKeyStoreTests, IDisposable
{
    private readonly StateFixture _files = new();

    private protected override IRecordKeyStore Store => new SqliteRecordKeyStore(_files.Database);

    public void Dispose() => _files.Dispose();
}
