using System.Security.Cryptography;
using System.Text;

namespace MeshGrains.LocalCluster;

/// <summary>
/// A cluster on this machine: stores, silos and a gateway in front of them, each a process that is started again when it ends. Once a second it
/// writes what the gateway and <c>meshctl</c> read: the silos' relay addresses, the endpoints, the trust bundle.
/// </summary>
public sealed class MeshCluster : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan DrainPatience = TimeSpan.FromSeconds(40);

    private readonly ClusterSetup _setup;
    private readonly BootstrapCertificates _certificates;
    private readonly CancellationTokenSource _over = new();
    private readonly SemaphoreSlim _changing = new(1);
    private volatile IReadOnlyList<ClusterMember> _silos = [];
    private Task _looking = Task.CompletedTask;
    private bool _isDisposed;

    private MeshCluster(ClusterSetup setup, ClusterFolder folder, ClusterStores stores)
    {
        (_setup, Folder, Stores) = (setup, folder, stores);
        _certificates = new BootstrapCertificates(folder, setup.TrustDomain);
    }

    public ClusterFolder Folder { get; }

    public ClusterStores Stores { get; }

    public ClusterSetup Setup => _setup;

    /// <summary>In the order of their numbers.</summary>
    public IReadOnlyList<ClusterMember> Silos => _silos;

    /// <summary>Null when the setup wants none, and until the silos are ready.</summary>
    public ClusterMember? Gateway { get; private set; }

    /// <summary>Everything of it that is supervised.</summary>
    public IEnumerable<SupervisedProcess> Processes =>
        new[] { Stores.RedisProcess, Stores.AzuriteProcess, Gateway?.Process }.OfType<SupervisedProcess>().Concat(_silos.Select(silo => silo.Process));

    /// <summary>Starts everything and waits until all of it is ready.</summary>
    /// <param name="setup">What it is to be.</param>
    /// <param name="cancellationToken">Ends the start; what was started is ended too.</param>
    /// <param name="begun">Is given the cluster as soon as there is one to ask, before it is ready.</param>
    /// <exception cref="TimeoutException">Something did not become ready; the message says what it said.</exception>
    public static async Task<MeshCluster> StartAsync(ClusterSetup setup, CancellationToken cancellationToken, Action<MeshCluster>? begun = null)
    {
        var folder = ClusterFolder.Create(setup.Folder);
        if (folder.Fault is { } fault)
        {
            throw new InvalidOperationException(fault);
        }

        PrepareKeys(folder);
        var stores = await ClusterStores.StartAsync(setup, folder, cancellationToken);
        var cluster = new MeshCluster(setup, folder, stores);
        try
        {
            begun?.Invoke(cluster);
            await cluster.StartMembersAsync(cancellationToken);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public ClusterMember Silo(int number) => _silos.Single(silo => silo.Name == ClusterNames.Silo(number));

    /// <summary>Adds a silo and waits until it is ready; its number is one above the last one's.</summary>
    public async Task<ClusterMember> AddSiloAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var silo = await StartSiloAsync(_silos.Count + 1, cancellationToken);
            await silo.UntilReadyAsync(StartPatience, cancellationToken);
            return silo;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Takes the last silo out: callers are sent elsewhere first, then it is drained.</summary>
    public async Task RemoveSiloAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var last = _silos[^1];
            _silos = [.. _silos.SkipLast(1)];
            WriteRelayAddresses();
            await last.Process.StopAsync(DrainPatience);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>
    /// Starts a gateway of this name on another port, sends callers to it once it is ready, and drains the one before: as a deployment does that may have one
    /// replica more for a while.
    /// </summary>
    /// <exception cref="TimeoutException">The new one did not become ready; the one before still serves.</exception>
    public async Task ReplaceGatewayAsync(string name, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var before = Gateway ?? throw new InvalidOperationException("This cluster has no gateway.");
            var next = await StartGatewayAsync(name, "127.0.0.1:0", cancellationToken);
            try
            {
                await next.UntilReadyAsync(StartPatience, cancellationToken);
            }
            catch
            {
                await next.DisposeAsync();
                throw;
            }

            Gateway = next;
            PublishAddresses();
            await before.Process.StopAsync(DrainPatience);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Adds or takes out silos, one after another.</summary>
    public async Task ScaleAsync(int silos, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(silos, 1);
        while (_silos.Count < silos)
        {
            await AddSiloAsync(cancellationToken);
        }

        while (_silos.Count > silos)
        {
            await RemoveSiloAsync(cancellationToken);
        }
    }

    /// <summary>Drains everything in the order of dependence; the data stay.</summary>
    public async Task StopAsync()
    {
        await StopLookingAsync();
        if (Gateway is { } gateway)
        {
            await gateway.Process.StopAsync(DrainPatience);
        }

        foreach (var silo in _silos.Reverse())
        {
            await silo.Process.StopAsync(DrainPatience);
        }

        await Stores.StopAsync(TimeSpan.FromSeconds(10));
        File.Delete(Folder.Endpoints);
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await StopLookingAsync();
        if (Gateway is { } gateway)
        {
            await gateway.DisposeAsync();
        }

        foreach (var silo in _silos)
        {
            await silo.DisposeAsync();
        }

        await Stores.DisposeAsync();
        _over.Dispose();
        _changing.Dispose();
    }

    /// <summary>The seal key of <c>file:</c> keys, as the product asks for it.</summary>
    private static void PrepareKeys(ClusterFolder folder)
    {
        ClusterFolder.Private(folder.Keys);
        if (!File.Exists(folder.SealKey))
        {
            ClusterFolder.WriteAtomically(folder.SealKey, Encoding.ASCII.GetBytes(Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n"));
        }
    }

    private async Task StartMembersAsync(CancellationToken cancellationToken)
    {
        _looking = Task.Run(() => LookAsync(_over.Token), CancellationToken.None);
        await _certificates.EnsureAuthorityAsync(cancellationToken);

        // The first one makes keys and trust domain where there are none; the others find them.
        var first = await StartSiloAsync(1, cancellationToken);
        await first.UntilReadyAsync(StartPatience, cancellationToken);
        for (var number = 2; number <= _setup.Silos; number++)
        {
            await StartSiloAsync(number, cancellationToken);
        }

        foreach (var silo in _silos)
        {
            await silo.UntilReadyAsync(StartPatience, cancellationToken);
        }

        if (_setup.GatewayListen is not null)
        {
            Gateway = await StartGatewayAsync(ClusterNames.Gateway, _setup.GatewayListen, cancellationToken);
            await Gateway.UntilReadyAsync(StartPatience, cancellationToken);
        }

        PublishAddresses();
    }

    private async Task<ClusterMember> StartSiloAsync(int number, CancellationToken cancellationToken)
    {
        var name = ClusterNames.Silo(number);
        var roles = ClusterNames.Roles(number);
        await _certificates.EnsureAsync(name, roles, cancellationToken);
        var (link, relay) = ($"127.0.0.1:{LoopbackPort.Free()}", $"127.0.0.1:{LoopbackPort.Free()}");
        var silo = new ClusterMember(
            name, roles, Folder.Data(name), Supervise(name, () => MemberFlags.Silo(_setup, Folder, Stores.Redis, Stores.Blob, name, roles, link, relay)), link, relay);
        await silo.Process.StartAsync(cancellationToken);
        _silos = [.. _silos, silo];
        WriteRelayAddresses();
        return silo;
    }

    private async Task<ClusterMember> StartGatewayAsync(string name, string listen, CancellationToken cancellationToken)
    {
        await _certificates.EnsureAsync(name, [], cancellationToken);
        var gateway = new ClusterMember(name, [], Folder.Data(name), Supervise(name, () => MemberFlags.Gateway(_setup, Folder, name, listen)), null, null);
        await gateway.Process.StartAsync(cancellationToken);
        return gateway;
    }

    private SupervisedProcess Supervise(string name, Func<IReadOnlyList<string>> flags) => new(
        name,
        _ =>
        {
            File.Delete(Path.Combine(Folder.Data(name), MemberEndpoints.File));
            var tuning = _setup.Tuning(name);
            var program = tuning.Program ?? _setup.Program ?? MeshTree.Program("Silo", "meshgrains");
            return Task.FromResult(ChildProcess.Start(program, flags(), tuning.Environment, outputFile: Folder.Log(name)));
        },
        _setup.Tell);

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await Task.Delay(Look, cancellationToken);
                try
                {
                    PublishAddresses();
                    Orphans.Note(Folder, Processes.Select(process => process.Id).OfType<int>());
                }
                catch (IOException failure)
                {
                    _setup.Tell($"{Folder.Root}: {failure.Message}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The cluster ends.
        }
    }

    private async Task StopLookingAsync()
    {
        await _over.CancelAsync();
        await _looking;
    }

    private void WriteRelayAddresses()
        => WriteIfChanged(Folder.RelayAddresses, Encoding.ASCII.GetBytes(string.Concat(_silos.Select(silo => silo.RelayAddress + "\n"))));

    /// <summary>For <c>meshctl --data</c>: the gateway's address, a living silo's administration socket, the trust bundle.</summary>
    private void PublishAddresses()
    {
        if (_silos.FirstOrDefault(silo => silo.Endpoints?.AdminSocket is not null && File.Exists(silo.BundleJson)) is not { Endpoints: { } silo } bearer)
        {
            return;
        }

        var gateway = Gateway?.Endpoints?.Gateway ?? silo.Gateway;
        var text = $$"""
            {
              "gateway": "{{gateway.GetLeftPart(UriPartial.Authority)}}",
              "adminSocket": "{{silo.AdminSocket}}"
            }

            """;
        WriteIfChanged(Folder.Endpoints, Encoding.UTF8.GetBytes(text));
        WriteIfChanged(Folder.BundlePem, File.ReadAllBytes(bearer.BundlePem));
        WriteIfChanged(Folder.BundleJson, File.ReadAllBytes(bearer.BundleJson));
    }

    private static void WriteIfChanged(string path, byte[] content)
    {
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
        {
            ClusterFolder.WriteAtomically(path, content);
        }
    }
}
