using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Storage;

public static class BlobIssuanceLogServices
{
    /// <summary>
    /// Adds the issuance log on append blobs, in the log container of <paramref name="storage"/>. Needs <see cref="IRandomSource"/>,
    /// <see cref="IRecordAuthenticator"/> and a <see cref="TimeProvider"/>. Nothing is asked of the store before the first use.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public static IServiceCollection AddMeshBlobIssuanceLog(
        this IServiceCollection services, AzureStorageOptions storage, BlobIssuanceLogOptions? options = null)
    {
        storage.Validate();
        options ??= new BlobIssuanceLogOptions();
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => new BlobAccess(storage));
        services.AddSingleton<IIssuanceLog>(provider => new BlobIssuanceLog(
            provider.GetRequiredService<BlobAccess>().LogAsync, options, provider.GetRequiredService<IRecordAuthenticator>(),
            provider.GetRequiredService<IRandomSource>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<BlobIssuanceLog>>()));
        return services;
    }
}
