using MeshGrains.Grains;

namespace MeshGrains.Storage.Tests;

public sealed class BlobRegistrationStoreTests : RegistrationStoreTests, IDisposable
{
    private readonly BlobFixture _blobs = new();

    private protected override IRegistrationStore Store => _blobs.Get<IRegistrationStore>();

    public void Dispose() => _blobs.Dispose();
}
