using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using MeshGrains.Grains;
using MeshGrains.LocalCluster;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Storage;

namespace MeshGrains.Storage.Tests;

/// <summary>Two containers of its own on Azurite, processes over them, and a way to change blobs behind the product's back.</summary>
internal sealed class BlobFixture : IDisposable
{
    private static int _count;

    private readonly TempDirectory _folder = new();
    private readonly List<ServiceProvider> _processes = [];
    private readonly string _name = $"test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";

    public BlobFixture()
    {
        Endpoint = AzuriteFixture.Get().BlobEndpoint;
        File.WriteAllText(_folder.File("key"), AzuriteServer.AccountKey);
        Process = NewProcess();
    }

    /// <summary>Where new processes look for the store; a test may put something between.</summary>
    public string Endpoint { get; set; }

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public RequestCounter Requests { get; } = new();

    public IServiceProvider Process { get; private set; }

    public BlobContainerClient State => Process.GetRequiredService<BlobAccess>().StateClient;

    public BlobContainerClient Log => Process.GetRequiredService<BlobAccess>().LogClient;

    public T Get<T>()
        where T : notnull
        => Process.GetRequiredService<T>();

    /// <summary>A fresh process: the key, no version seen yet.</summary>
    public ServiceProvider NewProcess(bool hasKey = true, TimeSpan? networkTimeout = null)
    {
        var authenticator = new RecordAuthenticator();
        if (hasKey)
        {
            authenticator.Provide(new byte[32]);
        }

        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSerializer();
        services.AddSingleton<IRecordAuthenticator>(authenticator);
        services.AddSingleton<IStateCodec, TestCodec>();
        services.AddSingleton(Time);
        services.AddMeshAzureStorage(new AzureStorageOptions
        {
            BlobEndpoint = Endpoint,
            Container = _name,
            LogContainer = _name + "-log",
            AccountKeyFile = _folder.File("key"),
            NetworkTimeout = networkTimeout ?? TimeSpan.FromSeconds(5),
            Customise = client => client.AddPolicy(Requests, HttpPipelinePosition.PerRetry),
        });
        var process = services.BuildServiceProvider();
        _processes.Add(process);
        return process;
    }

    public void Restart() => Process = NewProcess();

    public static IGrainStorage StorageOf(IServiceProvider process) => process.GetRequiredKeyedService<IGrainStorage>(SqliteStorageServices.GrainStorageName);

    /// <summary>The names of the blobs under a prefix.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync(string prefix)
    {
        var names = new List<string>();
        await foreach (var blob in State.GetBlobsAsync(BlobTraits.None, BlobStates.None, prefix, CancellationToken.None))
        {
            names.Add(blob.Name);
        }

        return names;
    }

    public async Task<byte[]> BytesAsync(string blob) => (await State.GetBlobClient(blob).DownloadContentAsync()).Value.Content.ToArray();

    public Task PutAsync(string blob, byte[] bytes) => State.GetBlobClient(blob).UploadAsync(new BinaryData(bytes), overwrite: true);

    public async Task DeleteAsync(string blob) => Assert.True(await State.GetBlobClient(blob).DeleteIfExistsAsync());

    /// <summary>Does to a record's blob what somebody with the account's key could do.</summary>
    public async Task TamperAsync(string blob, Tampering how)
    {
        var bytes = await BytesAsync(blob);
        await PutAsync(blob, how switch
        {
            Tampering.Edited => [.. bytes[..^3], (byte)(bytes[^3] ^ 1), .. bytes[^2..]],
            Tampering.Renumbered => [.. bytes[..12], (byte)(bytes[12] + 1), .. bytes[13..]],
            Tampering.Untagged => [.. bytes[..4], 1, .. bytes[5..13], .. bytes[45..]],
            Tampering.Retagged => [.. bytes[..13], .. new byte[32], .. bytes[45..]],
            Tampering.Ended => [.. bytes[..4], 2, .. bytes[5..45]],
            Tampering.Truncated => bytes[..20],
            Tampering.CutContent => bytes[..^1],
            Tampering.Emptied => [],
            Tampering.Garbage => [.. Enumerable.Range(0, 300).Select(i => (byte)(i * 7))],
            _ => throw new ArgumentOutOfRangeException(nameof(how)),
        });
    }

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Dispose();
        }

        _folder.Dispose();
    }
}
