using Azure.Core;
using Azure.Storage;
using Azure.Storage.Blobs;

namespace MeshGrains.Storage;

/// <summary>
/// The two containers: state, and apart from it the issuance log. One retrying layer, the SDK's, bounded in tries and time; so a conditional
/// write may be answered with a conflict that its own first try caused, and who loses has to read again.
/// </summary>
internal sealed class BlobAccess
{
    /// <summary>Known to every SDK and emulator in use; a newer SDK would otherwise ask for a version that its server may not know.</summary>
    private const BlobClientOptions.ServiceVersion Version = BlobClientOptions.ServiceVersion.V2022_11_02;

    private const int Retries = 2;

    private readonly BlobContainer _state;
    private readonly BlobContainer _log;

    /// <exception cref="ArgumentException">An option is out of its range, or a key file cannot be read or holds no key.</exception>
    public BlobAccess(AzureStorageOptions options)
    {
        options.Validate();
        StateService = Open(options, options.StateUri, options.AccountKeyFile);
        var logService = Open(options, options.LogUri, options.EffectiveLogKeyFile);
        _state = new BlobContainer(StateService.GetBlobContainerClient(options.Container));
        _log = new BlobContainer(logService.GetBlobContainerClient(options.LogContainer));
    }

    public BlobServiceClient StateService { get; }

    /// <summary>The container of state, whether or not it is there yet.</summary>
    public BlobContainerClient StateClient => _state.Client;

    public BlobContainerClient LogClient => _log.Client;

    /// <summary>The container of state, made when it is missing. Asked once, then remembered.</summary>
    /// <exception cref="BlobStoreException">It cannot be reached, opened or made; the text says what to do.</exception>
    public ValueTask<BlobContainerClient> StateAsync(CancellationToken cancellationToken) => _state.OpenAsync(cancellationToken);

    /// <inheritdoc cref="StateAsync"/>
    public ValueTask<BlobContainerClient> LogAsync(CancellationToken cancellationToken) => _log.OpenAsync(cancellationToken);

    /// <inheritdoc cref="BlobContainer.RequireAsync"/>
    public Task RequireStateAsync(CancellationToken cancellationToken) => _state.RequireAsync(cancellationToken);

    private static BlobServiceClient Open(AzureStorageOptions options, Uri endpoint, string keyFile)
    {
        var client = new BlobClientOptions(Version);
        client.Retry.Mode = RetryMode.Exponential;
        client.Retry.MaxRetries = Retries;
        client.Retry.Delay = TimeSpan.FromMilliseconds(100);
        client.Retry.MaxDelay = TimeSpan.FromSeconds(1);
        client.Retry.NetworkTimeout = options.NetworkTimeout;
        client.Diagnostics.ApplicationId = "meshgrains";
        client.AddPolicy(new BlobSizePolicy(), HttpPipelinePosition.BeforeTransport);
        options.Customise?.Invoke(client);
        return keyFile.Length > 0
            ? new BlobServiceClient(endpoint, new StorageSharedKeyCredential(AzureStorageOptions.AccountOf(endpoint), ReadKey(keyFile)), client)
            : new BlobServiceClient(endpoint, options.Credential, client);
    }

    private static string ReadKey(string file)
    {
        string text;
        try
        {
            text = File.ReadAllText(file).Trim();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new ArgumentException($"The account key file {file} cannot be read: {failure.Message}", failure);
        }

        var key = new byte[text.Length];
        return text.Length > 0 && Convert.TryFromBase64String(text, key, out var length) && length >= 32
            ? text
            : throw new ArgumentException($"{file} holds no account key: it is one line of base64, as the storage account shows it.");
    }
}
