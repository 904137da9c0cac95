using System.Security.Cryptography;
using Azure.Core;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using MeshGrains.Grains;
using MeshGrains.LocalCluster;
using Microsoft.Extensions.Logging.Abstractions;

namespace MeshGrains.Storage.Tests;

/// <summary>A container of its own on Azurite, logs over it as processes would have them, and a way to change blobs behind their back.</summary>
internal sealed class BlobLogFixture : IAsyncDisposable
{
    private static int _count;

    private readonly string _name = $"log-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
    private readonly string _endpoint;
    private readonly List<BlobIssuanceLog> _logs = [];
    private BlobIssuanceLog? _log;

    public BlobLogFixture(string? endpoint = null)
    {
        _endpoint = endpoint ?? AzuriteFixture.Get().BlobEndpoint;
        Container = Client(null);
        Container.CreateIfNotExists();
    }

    /// <summary>The container without anything in between.</summary>
    public BlobContainerClient Container { get; }

    public BlobIssuanceLogOptions Options { get; init; } = new();

    /// <summary>The first process.</summary>
    public BlobIssuanceLog Log => _log ??= New();

    public BlobIssuanceLog New(StoreFaults? faults = null, BlobIssuanceLogOptions? options = null, IRecordAuthenticator? authenticator = null)
    {
        var client = Client(faults);
        var log = new BlobIssuanceLog(
            _ => ValueTask.FromResult(client),
            options ?? Options, authenticator ?? Authenticator(0), new RandomSource(), TimeProvider.System, NullLogger<BlobIssuanceLog>.Instance);
        _logs.Add(log);
        return log;
    }

    /// <summary>With a record key of 32 such bytes.</summary>
    public static RecordAuthenticator Authenticator(byte filled)
    {
        var authenticator = new RecordAuthenticator();
        var key = new byte[32];
        Array.Fill(key, filled);
        authenticator.Provide(key);
        return authenticator;
    }

    public async Task CloseAsync()
    {
        if (_log is { } log)
        {
            _log = null;
            await log.DisposeAsync();
        }
    }

    public static string Segment(int number, string issuer = Records.Issuer) => new LogSegment(Records.TrustDomain, issuer, number).Name;

    public async Task<byte[]> BytesAsync(string name) => (await Container.GetBlobClient(name).DownloadContentAsync()).Value.Content.ToArray();

    /// <summary>Puts other bytes in a segment's place, as who has the account's key can.</summary>
    public async Task ReplaceAsync(string name, byte[] bytes)
    {
        await DeleteAsync(name);
        var blob = Container.GetAppendBlobClient(name);
        await blob.CreateAsync();
        if (bytes.Length > 0)
        {
            using var content = new MemoryStream(bytes);
            await blob.AppendBlockAsync(content);
        }
    }

    public async Task DeleteAsync(string name)
    {
        var blob = Container.GetBlobClient(name);
        try
        {
            await blob.GetBlobLeaseClient().BreakAsync(TimeSpan.Zero);
        }
        catch (Azure.RequestFailedException)
        {
            // It had no lease.
        }

        await blob.DeleteAsync();
    }

    public async Task<List<string>> NamesAsync(string prefix)
    {
        var names = new List<string>();
        await foreach (var item in Container.GetBlobsAsync(Azure.Storage.Blobs.Models.BlobTraits.None, Azure.Storage.Blobs.Models.BlobStates.None, prefix, CancellationToken.None))
        {
            names.Add(item.Name);
        }

        return names;
    }

    public static async Task UntilAsync(Func<bool> condition, int seconds = 30)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, int seconds = 30)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!await condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var log in _logs)
        {
            await log.DisposeAsync();
        }
    }

    private BlobContainerClient Client(StoreFaults? faults)
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2022_11_02);
        options.Retry.MaxRetries = 0;
        if (faults is not null)
        {
            options.AddPolicy(faults, HttpPipelinePosition.PerRetry);
        }

        return new BlobServiceClient(new Uri(_endpoint), new StorageSharedKeyCredential(AzuriteServer.Account, AzuriteServer.AccountKey), options)
            .GetBlobContainerClient(_name);
    }

    private sealed class RandomSource : IRandomSource
    {
        public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
    }
}
