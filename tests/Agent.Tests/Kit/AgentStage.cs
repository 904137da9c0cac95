using MeshGrains.Agent.Hosting;
using MeshGrains.LocalCluster;
using MeshGrains.Silo;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>A silo in a process of its own on a fixed port, and an agent in this one; workloads are whoever connects to the socket.</summary>
internal sealed class AgentStage : IAsyncDisposable
{
    public const string AgentId = $"spiffe://{SiloClient.TrustDomain}/meshgrains/agent/node-1";

    private readonly TempDirectory _folder = new();
    private readonly string _listen;
    private readonly string[] _siloFlags;
    private readonly AgentStage? _host;

    private AgentStage(string[] siloFlags)
    {
        _siloFlags = siloFlags;
        _listen = $"127.0.0.1:{LoopbackPort.Free()}";
    }

    private AgentStage(AgentStage host, string node)
    {
        _siloFlags = [];
        (_host, _listen, NodeId) = (host, host._listen, $"spiffe://{SiloClient.TrustDomain}/meshgrains/agent/{node}");
        Silo = host.Silo;
    }

    /// <summary>Null while it is stopped.</summary>
    [System.Diagnostics.CodeAnalysis.AllowNull]
    public SiloProcess Silo { get; private set; } = null!;

    public AgentApplication? Agent { get; private set; }

    public string Socket => Path.Combine(_folder.FullPath, "a", "api.sock");

    public string TokenFile => _folder.File("token");

    public string Folder => _folder.FullPath;

    public string Bundle => Path.Combine(_host?.Folder ?? Folder, "silo", "bundle.pem");

    /// <summary>Whom the agent is attested as, and whose its entries are.</summary>
    public string NodeId { get; } = AgentId;

    /// <summary>What the agent takes for /proc.</summary>
    public string Proc { get; set; } = "/proc";

    public int OperationsPort { get; } = LoopbackPort.Free();

    /// <summary>The silo runs and an agent may be attested; <paramref name="siloSettings"/> are keys of its configuration.</summary>
    public static Task<AgentStage> StartAsync(params string[] siloSettings) =>
        ReadyAsync(new AgentStage([.. siloSettings.SelectMany(setting => new[] { "--set", setting })]));

    /// <summary>Another node of the silo of <paramref name="host"/>, which goes on when this one is over.</summary>
    public static Task<AgentStage> OnAsync(AgentStage host, string node) => ReadyAsync(new AgentStage(host, node));

    private static async Task<AgentStage> ReadyAsync(AgentStage stage)
    {
        try
        {
            // Other users' workloads come in through here.
            File.SetUnixFileMode(stage.Folder, (UnixFileMode)Convert.ToInt32("755", 8));
            if (stage._host is null)
            {
                await stage.StartSiloAsync();
            }

            await stage.NewTokenAsync(stage.NodeId);
            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    public async Task StartSiloAsync()
    {
        Silo = await SiloProcess.StartAsync(Path.Combine(Folder, "silo"), _siloFlags, listen: _listen);
        await Silo.ReadyAsync(withTemplates: false);
    }

    public async Task StopSiloAsync()
    {
        var stopping = Silo!;
        Silo = null;
        Assert.Equal(0, await stopping.StopAsync());
        await stopping.DisposeAsync();
    }

    public async Task<string> NewTokenAsync(string agentId)
    {
        var token = await Silo.JoinTokenAsync(agentId);
        await File.WriteAllTextAsync(TokenFile, token + "\n");
        return token;
    }

    /// <summary>An entry of the agent; its id.</summary>
    public async Task<string> EntryAsync(string path, IEnumerable<string> selectors, string? hint = null, int? ttlSeconds = null) =>
        (string)(await Silo.PostAsync(
            "/v1/entries",
            new { spiffeId = $"spiffe://{SiloClient.TrustDomain}{path}", parentId = NodeId, selectors, hint, x509SvidTtlSeconds = ttlSeconds }))["id"]!;

    public AgentApplication BuildAgent(params string[] settings) => AgentApplication.Build(ConfigurationLoader.Load(
        ConfigurationSchema.Instance, "NONE__", null, [],
        new[]
        {
            $"trustDomain={SiloClient.TrustDomain}", $"socket={Socket}", $"operationsListen=127.0.0.1:{OperationsPort}", $"controlPlane.addresses.0=https://{_listen}",
            $"controlPlane.trustBundle={Bundle}", "controlPlane.maxBackoff=500ms", "controlPlane.timeout=5s", $"node.joinTokenFile={TokenFile}", "log.level=Error",
            "workloads.settle=100ms",
        }.Concat(settings).Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test"))), Proc);

    public async Task StartAgentAsync(params string[] settings)
    {
        Agent = BuildAgent(settings);
        await Agent.StartAsync(CancellationToken.None);
    }

    /// <summary>Runs a check of a foreign client against the socket, as another user when <paramref name="uid"/> is given.</summary>
    public async Task<string> CheckAsync(string script, string check, uint? uid = null, params string[] arguments)
    {
        var python = Tool.RequirePython("grpc", "python3-grpcio");
        var result = await Tool.RunAsync(
            python, [Path.Combine(AppContext.BaseDirectory, "Foreign", script), Socket, check, .. arguments],
            environment: new Dictionary<string, string?> { ["CHECK_UID"] = uid?.ToString() }, timeout: TimeSpan.FromSeconds(90));
        Assert.True(result.ExitCode == 0, $"{script} {check}: {result.Errors}{result.Output}");
        return result.Output;
    }

    public async Task StopAgentAsync()
    {
        if (Agent is { } running)
        {
            Agent = null;
            await running.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAgentAsync();
        if (Silo is not null && _host is null)
        {
            await Silo.DisposeAsync();
        }

        _folder.Dispose();
    }
}
