using System.Security.Cryptography;

namespace MeshGrains.LocalCluster;

/// <summary>The Redis and the blob service of a cluster: given ones, or processes of its own that are started again when they end.</summary>
public sealed class ClusterStores : IAsyncDisposable
{
    private const string RedisUser = "mesh";

    private ClusterStores(RedisAddress redis, SupervisedProcess? redisProcess, BlobAddress blob, SupervisedProcess? azurite) =>
        (Redis, RedisProcess, Blob, AzuriteProcess) = (redis, redisProcess, blob, azurite);

    public RedisAddress Redis { get; }

    /// <summary>Null when the Redis was given.</summary>
    public SupervisedProcess? RedisProcess { get; }

    public BlobAddress Blob { get; }

    /// <summary>Null when the blob service was given.</summary>
    public SupervisedProcess? AzuriteProcess { get; }

    /// <summary>Null when every server that has to be started is installed, else what is missing and how to get it.</summary>
    /// <param name="redisIsGiven">No redis-server is needed.</param>
    /// <param name="blobIsGiven">No Azurite is needed.</param>
    public static string? Missing(bool redisIsGiven, bool blobIsGiven) =>
        !redisIsGiven && !RedisServer.IsInstalled ? $"{RedisServer.Program} is not installed (Debian package {RedisServer.Package})"
        : !blobIsGiven && !AzuriteServer.IsInstalled ? $"{AzuriteServer.Program} is not installed (npm install -g {AzuriteServer.Package})"
        : null;

    /// <summary>Starts what was not given, over what earlier runs left in the folder.</summary>
    public static async Task<ClusterStores> StartAsync(ClusterSetup setup, ClusterFolder folder, CancellationToken cancellationToken)
    {
        SupervisedProcess? redisProcess = null;
        SupervisedProcess? azurite = null;
        try
        {
            var (redis, blob) = (setup.Redis, setup.Blob);
            if (redis is null)
            {
                (redis, redisProcess) = await StartRedisAsync(setup, folder, cancellationToken);
            }

            if (blob is null)
            {
                (blob, azurite) = await StartAzuriteAsync(setup, folder, cancellationToken);
            }

            return new ClusterStores(redis, redisProcess, blob, azurite);
        }
        catch
        {
            await DisposeAsync(redisProcess, azurite);
            throw;
        }
    }

    /// <summary>SIGTERM, so that both write what they hold.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        await (RedisProcess?.StopAsync(patience) ?? Task.CompletedTask);
        await (AzuriteProcess?.StopAsync(patience) ?? Task.CompletedTask);
    }

    public async ValueTask DisposeAsync() => await DisposeAsync(RedisProcess, AzuriteProcess);

    private static async Task DisposeAsync(params SupervisedProcess?[] processes)
    {
        foreach (var process in processes.OfType<SupervisedProcess>())
        {
            await process.DisposeAsync();
        }
    }

    private static async Task<(RedisAddress, SupervisedProcess)> StartRedisAsync(ClusterSetup setup, ClusterFolder folder, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        var passwordFile = Path.Combine(folder.Redis, "password");
        var password = File.Exists(passwordFile)
            ? await File.ReadAllTextAsync(passwordFile, cancellationToken)
            : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        var process = new SupervisedProcess(
            "redis", async cancel => (await RedisServer.StartAsync(folder.Redis, port, RedisUser, password, cancel)).Process, setup.Tell);
        await process.StartAsync(cancellationToken);
        return (new RedisAddress($"127.0.0.1:{port}", RedisUser, passwordFile), process);
    }

    private static async Task<(BlobAddress, SupervisedProcess)> StartAzuriteAsync(ClusterSetup setup, ClusterFolder folder, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        ClusterFolder.WriteAtomically(folder.AccountKey, System.Text.Encoding.ASCII.GetBytes(AzuriteServer.AccountKey));
        ClusterFolder.Private(folder.Azurite);
        var process = new SupervisedProcess(
            "azurite", async cancel => (await AzuriteServer.StartAsync(setup.BlobsInMemory ? null : folder.Azurite, port, cancel)).Process, setup.Tell);
        await process.StartAsync(cancellationToken);
        return (new BlobAddress($"http://127.0.0.1:{port}/{AzuriteServer.Account}", folder.AccountKey), process);
    }
}
