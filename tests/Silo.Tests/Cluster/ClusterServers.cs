using MeshGrains.LocalCluster;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

/// <summary>One Redis and one Azurite for all cluster tests of a run, started by the first test that needs them. Each cluster has names of its own in them.</summary>
public sealed class ClusterServers : IAsyncLifetime, IAsyncDisposable
{
    public const string Collection = "Redis and Azurite";

    private const string User = "silos";
    private const string Password = "a-password-of-tests";

    private readonly TempDirectory _folder = new();
    private readonly SemaphoreSlim _starting = new(1, 1);

    internal RedisServer Redis { get; private set; } = null!;

    internal AzuriteServer Azurite { get; private set; } = null!;

    internal string AccountKeyFile => _folder.File("account-key");

    public Task InitializeAsync() => Task.CompletedTask;

    /// <summary>Skips the test where a server is not installed.</summary>
    internal async Task StartAsync()
    {
        RequiredServer.Redis();
        RequiredServer.Azurite();
        await _starting.WaitAsync();
        try
        {
            if (Redis is null)
            {
                await File.WriteAllTextAsync(AccountKeyFile, AzuriteServer.AccountKey);
                File.SetUnixFileMode(AccountKeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                Azurite = await AzuriteServer.StartAsync(null, LoopbackPort.Free(), CancellationToken.None);
                Redis = await StartRedisAsync("redis", LoopbackPort.Free());
            }
        }
        finally
        {
            _starting.Release();
        }
    }

    /// <summary>A Redis for a test that takes it away.</summary>
    internal Task<RedisServer> StartRedisAsync(string name, int port) => RedisServer.StartAsync(_folder.File(name), port, User, Password, CancellationToken.None);

    async Task IAsyncLifetime.DisposeAsync() => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Redis is not null)
        {
            await Redis.DisposeAsync();
        }

        if (Azurite is not null)
        {
            await Azurite.DisposeAsync();
        }

        _starting.Dispose();
        _folder.Dispose();
    }
}

[CollectionDefinition(ClusterServers.Collection)]
public sealed class SharedClusterServers : ICollectionFixture<ClusterServers>;
