using Azure;
using Azure.Storage.Blobs;

namespace MeshGrains.Storage;

/// <summary>One container, made when it is missing; what was found once is not asked again.</summary>
internal sealed class BlobContainer(BlobContainerClient client)
{
    private volatile bool _open;

    public BlobContainerClient Client => client;

    public ValueTask<BlobContainerClient> OpenAsync(CancellationToken cancellationToken)
        => _open ? ValueTask.FromResult(client) : MakeAsync(cancellationToken);

    /// <summary>Makes sure that a record is missing alone and not with everything else; some clients take a missing container for an empty one.</summary>
    /// <exception cref="BlobStoreException">The container is gone, or cannot be asked.</exception>
    public async Task RequireAsync(CancellationToken cancellationToken)
    {
        bool exists;
        try
        {
            exists = await ExistsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, client, cancellationToken) is { } explained)
        {
            throw explained;
        }

        if (!exists)
        {
            throw new BlobStoreException($"The blob container {client.Uri} is gone. Nothing in this product removes it; restore it, or check the container's name.");
        }
    }

    private async ValueTask<BlobContainerClient> MakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            // An identity may use a container without the right to make one.
            if (!await ExistsAsync(cancellationToken).ConfigureAwait(false))
            {
                await client.CreateIfNotExistsAsync(cancellationToken: cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (BlobFailures.Explain(failure, client, cancellationToken) is { } explained)
        {
            throw explained;
        }

        _open = true;
        return client;
    }

    private async Task<bool> ExistsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await client.ExistsAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (RequestFailedException failure) when (failure.ErrorCode is "AuthorizationPermissionMismatch")
        {
            // A role on the blobs alone reads no properties of their container; the blobs themselves will tell.
            return true;
        }
    }
}
