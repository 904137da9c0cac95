using MeshGrains.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Storage;

namespace MeshGrains.Storage;

public static class AzureStorageServices
{
    /// <summary>The name of Orleans' own blob storage, which lies under <see cref="SqliteStorageServices.GrainStorageName"/>; no grain uses it itself.</summary>
    public const string InnerGrainStorageName = "mesh-blobs";

    /// <inheritdoc cref="AddMeshAzureStorage(IServiceCollection, AzureStorageOptions)"/>
    public static ISiloBuilder AddMeshAzureStorage(this ISiloBuilder silo, AzureStorageOptions options)
    {
        silo.Services.AddMeshAzureStorage(options);
        return silo;
    }

    /// <summary>
    /// Adds the stores on Azure Storage blobs: grain storage <c>mesh</c>, registrations, denials, join tokens and the record key; not the issuance
    /// log and not reminders. Needs <see cref="IStateCodec"/>, <see cref="IRecordAuthenticator"/>, logging and Orleans' serializer. Key files are
    /// read, and containers made where they are missing, when the first store is asked for.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range; the text says what to do.</exception>
    public static IServiceCollection AddMeshAzureStorage(this IServiceCollection services, AzureStorageOptions options)
    {
        options.Validate();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => new BlobAccess(options));
        services.AddSingleton(provider => new RecordSeal(provider.GetRequiredService<IRecordAuthenticator>()));
        services.AddSingleton<BlobRecords>();
        services.AddSingleton<BlobIndex>();
        services.AddAzureBlobGrainStorage(InnerGrainStorageName, inner => inner.Configure<BlobAccess>((blobs, access) =>
        {
            blobs.BlobServiceClient = access.StateService;
            blobs.ContainerName = options.Container;
            blobs.DeleteStateOnClear = false;
            blobs.GrainStorageSerializer = new BlobGrainStateSerializer();
            blobs.BuildContainerFactory = (_, _) => new BlobContainerFactory(access);
        }));
        services.AddKeyedSingleton<IGrainStorage>(SqliteStorageServices.GrainStorageName, (provider, _) => new BlobGrainStorage(
            provider.GetRequiredKeyedService<IGrainStorage>(InnerGrainStorageName), provider.GetRequiredService<BlobAccess>(),
            provider.GetRequiredService<IStateCodec>(), provider.GetRequiredService<RecordSeal>()));
        services.AddSingleton<IRegistrationStore>(provider => Registrations(provider));
        services.AddSingleton<IDenialStore>(provider => new BlobDenialStore(provider.GetRequiredService<BlobRecords>()));
        services.AddSingleton<IJoinTokenStore>(provider => new BlobJoinTokenStore(
            provider.GetRequiredService<BlobRecords>(), provider.GetRequiredService<BlobIndex>(), provider.GetRequiredService<BlobAccess>()));
        services.AddSingleton<IRecordKeyStore>(provider => new BlobRecordKeyStore(provider.GetRequiredService<BlobRecords>()));
        return services;
    }

    private static BlobRegistrationStore Registrations(IServiceProvider provider)
    {
        var (records, index) = (provider.GetRequiredService<BlobRecords>(), provider.GetRequiredService<BlobIndex>());
        var time = provider.GetRequiredService<TimeProvider>();
        var entries = new EntryBlobs(
            new IdentityBlobs(records), new EntryIds(index), new EntryParents(index, time), index, time,
            provider.GetRequiredService<ILogger<EntryBlobs>>());
        return new BlobRegistrationStore(entries, new TemplateBlobs(records, time));
    }
}
