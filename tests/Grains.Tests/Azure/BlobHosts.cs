using Azure.Core;
using Azure.Storage.Blobs;
using MeshGrains.LocalCluster;
using MeshGrains.Storage;
using MeshGrains.Storage.Tests;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;

namespace MeshGrains.Grains.Tests;

/// <summary>
/// Two Orleans silos that know nothing of each other over one store of blobs, log included: every grain has two activations at once, and between each
/// silo and the store stands something that loses and holds requests. Started by the first test that asks, so that one without Azurite can skip.
/// </summary>
public sealed class BlobHosts : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly List<GrainHost> _hosts = [];
    private readonly List<StoreFaults> _faults = [];
    private readonly string _name = $"grains-{Environment.ProcessId}";
    private ServiceProvider? _onlooker;
    private int _deployments;

    internal GrainWorld World { get; } = new();

    internal ITrustDomainGrain TrustDomain(int host) => Grains(host).GetGrain<ITrustDomainGrain>(World.TrustDomain.Name);

    internal IClusterCaGrain ClusterCa(int host) => Grains(host).GetGrain<IClusterCaGrain>(World.TrustDomain.ClusterKey);

    internal IDenialGrain Denials(int host) => Grains(host).GetGrain<IDenialGrain>(World.TrustDomain.Name);

    internal IGrainFactory Grains(int host) => _hosts[host % _hosts.Count].Grains;

    internal StoreFaults Faults(int host) => _faults[host];

    internal IIssuanceLog Log => _onlooker!.GetRequiredService<IIssuanceLog>();

    /// <summary>An empty deployment on silos that run.</summary>
    internal async Task FreshAsync()
    {
        var endpoint = AzuriteFixture.Get().BlobEndpoint;
        if (_hosts.Count == 0)
        {
            await File.WriteAllTextAsync(_folder.File("key"), AzuriteServer.AccountKey);
            for (var i = 0; i < 2; i++)
            {
                var faults = new StoreFaults();
                _faults.Add(faults);
                _hosts.Add(await GrainHost.StartAsync(World, services => AddStores(services, endpoint, faults)));
            }

            var onlooker = new ServiceCollection();
            onlooker.AddLogging();
            onlooker.AddSerializer();
            onlooker.AddSingleton<IRandomSource, SystemRandomSource>();
            AddStores(onlooker, endpoint, new StoreFaults());
            _onlooker = onlooker.BuildServiceProvider();
        }

        foreach (var faults in _faults)
        {
            (faults.Choose, faults.Before) = ((_, _) => StoreFault.None, null);
        }

        World.Rename($"blobs{Interlocked.Increment(ref _deployments)}.test");
    }

    /// <summary>The stored state as a process sees it that hosts no grain.</summary>
    internal async Task<T> StoredAsync<T>(string grain, string key)
    {
        var cell = new GrainState<T>();
        await _onlooker!.GetRequiredKeyedService<IGrainStorage>(GrainStores.Default).ReadStateAsync("state", GrainId.Create(grain, key), cell);
        return cell.State!;
    }

    internal async Task<DenialSet> StoredDenialsAsync() =>
        await _onlooker!.GetRequiredService<IDenialStore>().ReadAsync(World.TrustDomain.Name, CancellationToken.None);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        if (_onlooker is not null)
        {
            await _onlooker.DisposeAsync();
        }
    }

    public void Dispose() => _folder.Dispose();

    private void AddStores(IServiceCollection services, string endpoint, StoreFaults faults)
    {
        var authenticator = new RecordAuthenticator();
        authenticator.Provide(new byte[32]);
        var options = new AzureStorageOptions
        {
            BlobEndpoint = endpoint,
            Container = _name,
            LogContainer = _name + "-log",
            AccountKeyFile = _folder.File("key"),
            NetworkTimeout = TimeSpan.FromSeconds(30),
            Customise = client => client.AddPolicy(faults, HttpPipelinePosition.PerRetry),
        };
        services.AddSingleton<IRecordAuthenticator>(authenticator);
        services.AddSingleton<IStateCodec, StateCodec>();
        services.AddMeshAzureStorage(options);
        services.AddMeshBlobIssuanceLog(options);
    }
}
