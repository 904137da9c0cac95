using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>The faults of the store-faults drill, one after another on one cluster under one load.</summary>
internal sealed class StoreFaults : IAsyncDisposable
{
    public const string RedisRestarted = "redis_restarted";
    public const string LinksCut = "links_cut";
    private static readonly TimeSpan Fault = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    /// <summary>After the hold begins, what had left the store already may still arrive.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private readonly CancellationToken _cancellationToken;
    private readonly PlantedFaults _faults;
    private readonly StoreProxies _proxies;
    private readonly List<FaultPhase> _phases = [];
    private readonly List<(long At, string Why)> _failures = [];
    private DrillClients _clients = null!;
    private string? _snapshot;

    private StoreFaults(PlantedFaults faults, StoreProxies proxies, CancellationToken cancellationToken) =>
        (_faults, _proxies, _cancellationToken) = (faults, proxies, cancellationToken);

    public DrillCluster Cluster { get; private set; } = null!;

    public LiveHandshakes LiveHandshakes { get; private set; } = null!;

    public ReceivedCertificate[] Received { get; private set; } = [];

    public IReadOnlyList<FaultPhase> Phases => _phases;

    public int LeftWhileLogHeld { get; private set; }

    public int AskedWhileLogHeld { get; private set; }

    public string? FirstFailure => _failures.Select(failure => failure.Why).FirstOrDefault();

    public int FailuresOf(string phase) => _phases.Single(one => one.Name == phase).Failures;

    public static async Task<StoreFaults> StartAsync(ScratchFolder scratch, string? server, CancellationToken cancellationToken)
    {
        var run = new StoreFaults(new PlantedFaults(), new StoreProxies(), cancellationToken);
        try
        {
            run.Cluster = await DrillCluster.StartAsync(
                scratch, new DrillPlan { Server = server, Tuning = (name, mesh) => run._proxies.Before(name, mesh, run._faults.Of(name)) }, cancellationToken);
            await run.Cluster.WarmAsync(cancellationToken);
            run.LiveHandshakes = await LiveHandshakes.StartAsync(run.Cluster, cancellationToken);
            run._clients = new DrillClients(run.Cluster.Tokens, run.Cluster.Front, ClientRules.Issue);
            await run._clients.UntilAllIssuedAsync(run._clients.Began, Patience, cancellationToken);
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>Redis goes away for the time of a fault and comes back with its data; the snapshot for later is taken meanwhile.</summary>
    public Task RedisRestartedAsync() => PhaseAsync(RedisRestarted, async () =>
    {
        var redis = Cluster.Mesh.Stores.RedisProcess!;
        redis.Held = true;
        await redis.DrainAsync(Patience);
        _snapshot = CopyFolder(Cluster.Mesh.Folder.Redis, Path.Combine(Cluster.Folder, "redis-snapshot"));
        await Task.Delay(Fault, _cancellationToken);
        redis.Held = false;
    });

    /// <summary>One silo's links to others hold back everything, in both directions, for the time of a fault.</summary>
    public Task LinksCutAsync() => PhaseAsync(LinksCut, async () =>
    {
        _proxies.Links.Cut(Cluster.Mesh.Silo(3), Cluster.Mesh);
        await Task.Delay(Fault, _cancellationToken);
        _proxies.Links.Heal();
    });

    /// <summary>The log's store answers nothing and refuses nothing for the time of a fault.</summary>
    public Task LogHeldBackAsync() => PhaseAsync("log_held", async () => (LeftWhileLogHeld, AskedWhileLogHeld) = await HoldLogAsync(_clients));

    public Task RedisFlushedAsync() => PhaseAsync("redis_flushed", async () =>
    {
        await using var redis = await RespClient.ConnectAsync(Cluster.Mesh.Stores.Redis, _cancellationToken);
        await redis.AskAsync(_cancellationToken, "FLUSHALL");
    });

    /// <summary>Redis comes back as it was some minutes ago.</summary>
    public Task RedisRolledBackAsync() => PhaseAsync("redis_rolled_back", async () =>
    {
        var redis = Cluster.Mesh.Stores.RedisProcess!;
        redis.Held = true;
        await redis.KillAsync();
        CopyFolder(_snapshot!, Cluster.Mesh.Folder.Redis);
        redis.Held = false;
    });

    public Task AllMarkedDeadAsync() => PhaseAsync("all_marked_dead", async () =>
    {
        await using var redis = await RespClient.ConnectAsync(Cluster.Mesh.Stores.Redis, _cancellationToken);
        var table = (await redis.KeysAsync(MembershipRows.KeyPattern, _cancellationToken)).Single();
        var rows = MembershipRows.AllDead(await redis.HashAsync(table, _cancellationToken));
        await redis.AskAsync(_cancellationToken, ["HSET", table, .. rows.SelectMany(row => new[] { row.Key, row.Value })]);
    });

    public async Task EndLoadAsync()
    {
        await _clients.StopAsync();
        await LiveHandshakes.StopAsync();
        Received = _clients.Received();
    }

    public async Task<IReadOnlyList<string>> VerifyLogAsync()
    {
        using var admin = await Cluster.AdminAsync(_cancellationToken);
        return await admin.VerifyLogAsync(_cancellationToken);
    }

    /// <summary>The same hold with a silo whose log answers before it records, asked directly: certificates that came meanwhile.</summary>
    public async Task<int> ControlAsync()
    {
        var silo = Cluster.Mesh.Silo(1);
        _faults.Plant(silo.Name, PlantedFaults.RecordAfterReply);
        await silo.Process.DrainAsync(Patience);
        await Task.Delay(TimeSpan.FromSeconds(1), _cancellationToken);
        await silo.UntilReadyAsync(Patience, _cancellationToken);
        await using var clients = new DrillClients(Cluster.Tokens, DrillCluster.Target(silo), ClientRules.Issue, firstAccount: 100);
        await clients.UntilAllIssuedAsync(clients.Began, Patience, _cancellationToken);
        var (left, _) = await HoldLogAsync(clients);
        await clients.StopAsync();
        Progress.Say($"control: {left} certificates came while the log store did not answer");
        return left;
    }

    public async ValueTask DisposeAsync()
    {
        if (_clients is not null)
        {
            await _clients.DisposeAsync();
        }

        if (LiveHandshakes is not null)
        {
            await LiveHandshakes.DisposeAsync();
        }

        if (Cluster is not null)
        {
            await Cluster.DisposeAsync();
        }

        await _proxies.DisposeAsync();
    }

    private async Task<(int Left, int Asked)> HoldLogAsync(DrillClients clients)
    {
        _proxies.HoldLog(true);
        await Task.Delay(Grace, _cancellationToken);
        var (from, asked) = (Stopwatch.GetTimestamp(), clients.Attempts);
        await Task.Delay(Fault, _cancellationToken);
        var (to, askedAfter) = (Stopwatch.GetTimestamp(), clients.Attempts);
        _proxies.HoldLog(false);
        return (clients.Received().Count(one => one.At >= from && one.At <= to), askedAfter - asked);
    }

    private async Task PhaseAsync(string name, Func<Task> fault)
    {
        var restarts = Cluster.SiloStarts;
        var (issued, failed, from) = (_clients.Issued, _clients.Failures().Length, Stopwatch.GetTimestamp());
        await fault();
        var ended = Stopwatch.GetTimestamp();

        // A fault of an instant shows only later: what it does to membership takes a few probes.
        await Task.Delay(TimeSpan.FromSeconds(2), _cancellationToken);
        await _clients.UntilAllIssuedAsync(ended, Patience, _cancellationToken);
        var served = Stopwatch.GetTimestamp();
        var quiet = await Settle.UntilQuietAsync(Cluster, _cancellationToken);
        var recovery = Stopwatch.GetElapsedTime(ended, Math.Max(served, quiet));
        await _clients.UntilAllIssuedAsync(Stopwatch.GetTimestamp(), Patience, _cancellationToken);
        var failures = _clients.Failures()[failed..];
        _failures.AddRange(failures);
        var phase = new FaultPhase(
            name, _clients.Issued - issued, failures.Length, _clients.LongestGap(from, Stopwatch.GetTimestamp()).TotalSeconds, recovery.TotalSeconds, Cluster.SiloStarts - restarts);
        _phases.Add(phase);
        Progress.Say($"{name}: {phase.Issued} issued, {phase.Failures} failures{(failures.Length > 0 ? $" ({failures[0].Why})" : "")}, longest gap {phase.LongestGap:0.0} s, recovered after {phase.Recovery:0.0} s, {phase.Restarts} restarts");
    }

    /// <summary>Copies files over what lies there, and takes away what is not in the source.</summary>
    private static string CopyFolder(string from, string to)
    {
        if (Directory.Exists(to))
        {
            Directory.Delete(to, recursive: true);
        }

        Directory.CreateDirectory(to, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var folder in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }

        return to;
    }
}
