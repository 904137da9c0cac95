using Azure.Storage.Blobs;
using Orleans.Runtime;
using Orleans.Storage;

namespace MeshGrains.Storage;

/// <summary>Gives Orleans' provider the container that the other stores use, opened as they open it.</summary>
internal sealed class BlobContainerFactory(BlobAccess access) : IBlobContainerFactory
{
    public BlobContainerClient GetBlobContainerClient(GrainId grainId) => access.StateClient;

    public async Task InitializeAsync(BlobServiceClient client) => await access.StateAsync(CancellationToken.None).ConfigureAwait(false);
}
