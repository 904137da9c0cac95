using Azure.Core;
using Azure.Identity;
using MeshGrains.Grains;
using MeshGrains.Storage;

namespace MeshGrains.Silo;

/// <summary>State and issuance log on Azure Storage, out of section <c>storage</c>.</summary>
internal static class ClusterStorage
{
    public static IEnumerable<string> Check(StorageOptions storage)
    {
        if (storage.BlobEndpoint.Length == 0)
        {
            return [];
        }

        try
        {
            OptionsOf(storage).Validate();
            return [];
        }
        catch (ArgumentException wrong)
        {
            return [wrong.Message];
        }
    }

    private static AzureStorageOptions OptionsOf(StorageOptions storage) => new()
    {
        BlobEndpoint = storage.BlobEndpoint,
        LogBlobEndpoint = storage.LogBlobEndpoint,
        Container = storage.Container,
        LogContainer = storage.LogContainer,
        AccountKeyFile = storage.AccountKeyFile,
        LogAccountKeyFile = storage.LogAccountKeyFile,
        Credential = storage.AccountKeyFile.Length == 0 ? Credential() : null,
    };

    /// <summary>What the environment offers, as for the KMS; nothing of a developer's machine is tried.</summary>
    internal static TokenCredential Credential()
    {
        string? Read(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
        var client = Read("AZURE_CLIENT_ID");
        return Read("AZURE_FEDERATED_TOKEN_FILE") is not null ? new WorkloadIdentityCredential()
            : Read("AZURE_CLIENT_SECRET") is { } secret ? new ClientSecretCredential(Read("AZURE_TENANT_ID"), client, secret)
            : new ManagedIdentityCredential(client is null ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(client));
    }

    public static void Add(IServiceCollection services, StorageOptions storage)
    {
        var options = OptionsOf(storage);
        services.AddMeshAzureStorage(options);
        services.AddMeshBlobIssuanceLog(options);
    }
}
