using System.Diagnostics;
using System.Globalization;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>A silo, an agent that keeps files for two proxies, the proxies, and a client with an identity of its own over the Workload API.</summary>
internal sealed class RenewStage : IAsyncDisposable
{
    private const string NginxDnsName = "nginx.mesh.internal";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly SpiffeId Agent = Id("/meshgrains/agent/node-1");

    private readonly ScratchFolder _scratch;
    private readonly SiloSetup _setup;
    private SiloProcess _silo;
    private ChildProcess? _agent;
    private NginxServer? _nginx;
    private HaproxyServer? _haproxy;

    private RenewStage(ScratchFolder scratch, SiloSetup setup, SiloProcess silo) => (_scratch, _setup, _silo) = (scratch, setup, silo);

    /// <summary>Of every certificate. The second half of it outlasts a restart of the control plane on this machine, as it has to in life.</summary>
    public TimeSpan Life { get; private set; }

    public ProxyTarget Nginx { get; private set; } = null!;

    public ProxyTarget Haproxy { get; private set; } = null!;

    public WorkloadApiClient Client { get; private set; } = null!;

    /// <summary>How long the control plane was away when it was longest.</summary>
    public TimeSpan LongestOutage { get; private set; }

    public string NginxFolder => Path.Combine(_scratch.Path, "nginx");

    public string HaproxyFolder => Path.Combine(_scratch.Path, "haproxy");

    private string Socket => Path.Combine(_scratch.Path, "agent.sock");

    /// <param name="scratch">Where all of it lies.</param>
    /// <param name="server">The meshgrains executable; null takes this tree's.</param>
    /// <param name="life">Of certificates; null chooses it by how long the control plane takes to start.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<RenewStage> StartAsync(ScratchFolder scratch, string? server, TimeSpan? life, CancellationToken cancellationToken)
    {
        using var cluster = new TestCluster(scratch.Path);
        var setup = new SiloSetup
        {
            Program = server ?? MeshTree.Program("Silo", "meshgrains"),
            Data = Path.Combine(scratch.Path, "data"),
            ConfigFile = cluster.WriteConfig(),
            Listen = $"127.0.0.1:{LoopbackPort.Free().ToString(CultureInfo.InvariantCulture)}",
            Flags = ["--allow-short-lives"],
        };
        var silo = await SiloProcess.StartAsync(setup, cancellationToken);
        var stage = new RenewStage(scratch, setup, silo);
        try
        {
            await silo.UntilReadyAsync(cancellationToken);

            // A restart takes about as long as this start, more under load; a renewal that falls due with its beginning has to find half a life.
            var start = Stopwatch.GetElapsedTime(silo.Started);
            stage.Life = life ?? TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(2 * ((2 * start.TotalSeconds) + 2.5)), 10, 40));
            Progress.Say($"the control plane is ready after {start.TotalSeconds:0.0} s; certificates live {stage.Life.TotalSeconds:0} s");
            await stage.RegisterAsync(cancellationToken);
            await stage.StartNodeAsync(cancellationToken);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the control plane, with or without a word, and starts it again over the same data and on the same port.</summary>
    public async Task RestartControlPlaneAsync(bool kill, CancellationToken cancellationToken)
    {
        Progress.Say(kill ? "SIGKILL to the control plane" : "SIGTERM to the control plane");
        var away = Stopwatch.StartNew();
        await (kill ? _silo.Process.KillAsync() : _silo.Process.StopAsync(Patience));
        await _silo.DisposeAsync();
        _silo = await SiloProcess.StartAsync(_setup, cancellationToken);
        await _silo.UntilReadyAsync(cancellationToken);
        LongestOutage = away.Elapsed > LongestOutage ? away.Elapsed : LongestOutage;
        Progress.Say($"it is ready again after {away.Elapsed.TotalSeconds:0.0} s");
    }

    /// <summary>SIGKILL: from here on nothing is renewed.</summary>
    public Task KillAgentAsync() => _agent!.KillAsync();

    public async ValueTask DisposeAsync()
    {
        await (Client?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_haproxy?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_nginx?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_agent?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _silo.DisposeAsync();
    }

    private static SpiffeId Id(string path) => SpiffeId.FromPath(TrustDomain.Parse(SiloSetup.TrustDomain), path);

    private async Task RegisterAsync(CancellationToken cancellationToken)
    {
        var admin = _silo.Admin;
        var token = await admin.CreateTokenAsync(await admin.CreateEntryAsync(Agent.ToString(), cancellationToken), cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(_scratch.Path, "join-token"), token, cancellationToken);
        var user = (await ChildProcess.ReadAsync("id", ["-u"], cancellationToken)).Trim();

        // Files go to whom the agent's configuration says; over the socket comes whoever runs as this user.
        await admin.CreateAgentEntryAsync(Id("/nginx").ToString(), Agent.ToString(), "unix:path:/usr/sbin/nginx", Life, [NginxDnsName], cancellationToken);
        await admin.CreateAgentEntryAsync(Id("/haproxy").ToString(), Agent.ToString(), "unix:path:/usr/sbin/haproxy", Life, [], cancellationToken);
        await admin.CreateAgentEntryAsync(Id("/client").ToString(), Agent.ToString(), $"unix:uid:{user}", Life, [], cancellationToken);
    }

    private async Task StartNodeAsync(CancellationToken cancellationToken)
    {
        var (nginx, haproxy) = (NginxFolder, HaproxyFolder);
        Directory.CreateDirectory(nginx);
        Directory.CreateDirectory(haproxy);
        var configuration = Path.Combine(_scratch.Path, "agent.yaml");
        await File.WriteAllTextAsync(
            configuration,
            $"""
            trustDomain: {SiloSetup.TrustDomain}
            socket: {Socket}
            operationsListen: ""
            controlPlane:
              addresses: [https://localhost:{_silo.Gateway.Port.ToString(CultureInfo.InvariantCulture)}]
              trustBundle: {_silo.BundleFile}
              maxBackoff: 500ms
            node:
              joinTokenFile: {_scratch.Path}/join-token
            outputs:
              - name: nginx
                spiffeId: {Id("/nginx")}
                certificate: {nginx}/svid.pem
                key: {nginx}/svid.key
                bundle: {nginx}/bundle.pem
                signal: HUP
                pidFile: {NginxServer.PidFile(nginx)}
              - name: haproxy
                spiffeId: {Id("/haproxy")}
                combined: {haproxy}/combined.pem
                bundle: {haproxy}/bundle.pem
                signal: USR2
                pidFile: {HaproxyServer.PidFile(haproxy)}
            log:
              level: Warning
            """,
            cancellationToken);
        _agent = await AgentProcess.StartAsync(MeshTree.Program("Agent", "meshgrains-agent"), configuration, Socket, cancellationToken);
        await FileAsync(Path.Combine(nginx, "svid.pem"));
        await FileAsync(Path.Combine(haproxy, "combined.pem"));
        _nginx = await NginxServer.StartAsync(nginx, LoopbackPort.Free(), cancellationToken);
        _haproxy = await HaproxyServer.StartAsync(haproxy, LoopbackPort.Free(), _nginx.Address, NginxDnsName, cancellationToken);
        (Nginx, Haproxy) = (new ProxyTarget("nginx", _nginx.Address, Id("/nginx")), new ProxyTarget("haproxy", _haproxy.Address, Id("/haproxy")));
        Client = new WorkloadApiClient(Socket, Id("/client"));
        await Client.FirstAsync(Patience, cancellationToken);

        Task FileAsync(string path) => Waiting.ForAsync($"Waiting for {path}", _agent, _ => Task.FromResult(File.Exists(path) ? path : null), Patience, cancellationToken);
    }
}
