using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// A cluster for a drill: three silos or another number, a gateway, Redis and Azurite of its own, keys in the Key Vault emulator, which counts on its own
/// what was signed and made, and a token issuer for the clients.
/// </summary>
internal sealed class DrillCluster : IAsyncDisposable
{
    private const int WarmAccount = 990;
    private static readonly TimeSpan WarmPatience = TimeSpan.FromSeconds(60);

    /// <summary>What keeps a second cluster's state apart in stores that two share.</summary>
    private static readonly string[] OwnNames = ["--set", "cluster=second", "--set", "storage.container=second", "--set", "storage.logContainer=second-log"];

    private readonly ScratchFolder _scratch;

    private DrillCluster(ScratchFolder scratch, TestCluster tokens, VaultProcess? vault) => (_scratch, Tokens, Vault) = (scratch, tokens, vault);

    public TestCluster Tokens { get; }

    /// <summary>Null for a cluster with keys in files.</summary>
    public VaultProcess? Vault { get; private set; }

    public MeshCluster Mesh { get; private set; } = null!;

    public string Folder => _scratch.Path;

    /// <summary>Where clients call: the one address of the gateway in front of the silos.</summary>
    public GrpcTarget Front => Target(Mesh.Gateway!, Mesh.Folder.BundlePem);

    /// <param name="scratch">The folder of this run; it outlives the cluster.</param>
    /// <param name="plan">What the cluster is to be.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="TimeoutException">It did not become ready.</exception>
    public static async Task<DrillCluster> StartAsync(ScratchFolder scratch, DrillPlan plan, CancellationToken cancellationToken)
    {
        var vault = plan.VaultKeys ? await VaultProcess.StartAsync(scratch.Path, cancellationToken) : null;
        var cluster = new DrillCluster(scratch, new TestCluster(scratch.Path), vault);
        try
        {
            var roots = vault is null ? "" : $"keys:\n  trustedRootsFile: {vault.RootsFile}\n";
            var setup = new ClusterSetup
            {
                Folder = Path.Combine(scratch.Path, "c"),
                Silos = plan.Silos,
                TrustDomain = SiloSetup.TrustDomain,
                // Silos' lives are many and short here.
                ConfigFile = cluster.Tokens.WriteConfig(roots + "ca:\n  issuingCaBudgetPerHour: 1000\n" + plan.Config),
                Flags = plan.StoresOf is null ? plan.Flags : [.. OwnNames, .. plan.Flags],
                Redis = plan.StoresOf?.Stores.Redis,
                Blob = plan.StoresOf?.Stores.Blob,
                GatewayListen = plan.Gateway ? "127.0.0.1:0" : null,
                KeyUri = vault?.KeyUri,
                BlobsInMemory = plan.BlobsInMemory,
                Program = plan.Server,
                Tuning = name => cluster.Tune(plan, name),
                Tell = Progress.Say,
            };
            cluster.Mesh = await MeshCluster.StartAsync(setup, cancellationToken, mesh => cluster.Mesh = mesh);
            Progress.Say($"{plan.Silos} silos{(plan.Gateway ? " and a gateway" : "")} are ready");
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>A silo's own gateway, past the one in front.</summary>
    public static GrpcTarget Target(ClusterMember silo) => Target(silo, silo.BundlePem);

    /// <summary>The administration API of the first silo that answers.</summary>
    /// <exception cref="InvalidOperationException">None runs.</exception>
    public async Task<AdminClient> AdminAsync(CancellationToken cancellationToken)
    {
        foreach (var silo in Mesh.Silos)
        {
            if (silo.Endpoints is { AdminSocket: { } socket } && (await silo.ReadinessAsync(cancellationToken)).IsReady)
            {
                return new AdminClient(socket);
            }
        }

        throw new InvalidOperationException("No silo of the cluster is ready.");
    }

    public static AdminClient AdminOf(ClusterMember silo, TimeSpan? patience = null)
        => new(silo.Endpoints?.AdminSocket ?? throw new InvalidOperationException($"{silo.Name} does not run."), patience);

    /// <summary>
    /// Has every silo issue once, and the front a few times, one call after another: a process compiles at its first calls, and sixteen of those at once on a busy machine
    /// would measure the compiler. What a drill starts again later gets no such help.
    /// </summary>
    /// <exception cref="TimeoutException">One did not issue.</exception>
    public async Task WarmAsync(CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var body = IstioMessages.Request(CertificateRequests.Make(1)[0]);
        foreach (var target in Mesh.Silos.Select(Target).Concat(Enumerable.Repeat(Front, 2 * Mesh.Silos.Count)))
        {
            while (await SingleCall.TryAsync(target, new Call(Hpack.Bearer(Tokens.Token(WarmAccount)), body, 0), cancellationToken) is { Status: not CallOutcome.Ok } call)
            {
                if (clock.Elapsed > WarmPatience)
                {
                    throw new TimeoutException($"{target.Authority} issues nothing: status {call.Status} {call.StatusMessage}");
                }
            }
        }
    }

    /// <summary>Starts the vault again, with its keys and at its port, after it was killed.</summary>
    public async Task RestartVaultAsync(CancellationToken cancellationToken)
    {
        await Vault!.DisposeAsync();
        Vault = await VaultProcess.StartAsync(Folder, cancellationToken);
    }

    /// <summary>Waits until every silo and the gateway are ready.</summary>
    public async Task UntilAllReadyAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        foreach (var member in Mesh.Silos.Append(Mesh.Gateway).OfType<ClusterMember>())
        {
            await member.UntilReadyAsync(patience, cancellationToken);
        }
    }

    /// <summary>Starts of silos, those of the cluster's making included.</summary>
    public int SiloStarts => Mesh.Silos.Sum(silo => silo.Process.Starts);

    public async ValueTask DisposeAsync()
    {
        if (Mesh is not null)
        {
            await Mesh.DisposeAsync();
        }

        if (Vault is not null)
        {
            await Vault.DisposeAsync();
        }

        Tokens.Dispose();
    }

    private static GrpcTarget Target(ClusterMember member, string bundlePem)
    {
        var address = (member.Endpoints ?? throw new InvalidOperationException($"{member.Name} does not run.")).Gateway;
        return new GrpcTarget { Address = new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, address.Port), TrustPem = File.ReadAllText(bundlePem) };
    }

    private MemberTuning Tune(DrillPlan plan, string name)
    {
        var tuning = plan.Tuning(name, Mesh);
        return Vault is null
            ? tuning
            : tuning with { Environment = Vault.Environment.Concat(tuning.Environment).ToDictionary(variable => variable.Key, variable => variable.Value) };
    }
}
