using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.LocalCluster;
using MeshGrains.Rpc.Agents;
using MeshGrains.Silo;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>An agent in this process whose control plane the test plays: it says which entries, certificates and bundles there are. Workloads are real processes.</summary>
internal sealed class PlayedAgent : IAsyncDisposable
{
    private readonly TempDirectory _folder = new();
    private long _revision;
    private bool _stopped;

    private PlayedAgent(string[] settings)
    {
        File.SetUnixFileMode(_folder.FullPath, (UnixFileMode)Convert.ToInt32("755", 8));
        Agent = AgentApplication.Build(ConfigurationLoader.Load(ConfigurationSchema.Instance, "NONE__", null, [], new[]
        {
            $"trustDomain={Ca.TrustDomain}", $"socket={Socket}", $"operationsListen=127.0.0.1:{OperationsPort}", "controlPlane.addresses.0=https://127.0.0.1:1",
            $"controlPlane.trustBundle={_folder.Write("bundle.pem", Ca.BundlePem)}", $"node.joinTokenFile={_folder.File("none")}", "log.level=Critical",
        }.Concat(settings).Select(setting => setting.Split('=', 2)).Select(pair => (pair[0], pair[1], "test"))));
    }

    public MeshCa Ca { get; } = new();

    public AgentApplication Agent { get; }

    public string Folder => _folder.FullPath;

    public string Socket => Path.Combine(_folder.FullPath, "a", "api.sock");

    public int OperationsPort { get; } = LoopbackPort.Free();

    public AgentState State => Agent.StateOf();

    public AgentMetrics Metrics => (AgentMetrics)Agent.Services.GetService(typeof(AgentMetrics))!;

    public static async Task<PlayedAgent> StartAsync(params string[] settings)
    {
        var played = new PlayedAgent(settings);
        await played.Agent.StartAsync(CancellationToken.None);
        return played;
    }

    /// <summary>The control plane was heard: it has sent all there is.</summary>
    public void Sync() => Say(new AgentUpdate());

    /// <summary>An entry with its certificate. Entries are the older the earlier they come.</summary>
    public void Entry(string id, string selector, string hint = "", params string[] federatesWith)
    {
        _revision++;
        var entry = new Entry { Id = id, SpiffeId = IdOf(id), Hint = hint, CreatedAt = _revision, Revision = _revision };
        var parts = selector.Split(':', 2);
        entry.Selectors.Add(new Selector { Type = parts[0], Value = parts[1] });
        entry.FederatesWith.AddRange(federatesWith);
        Say(new AgentUpdate { Entries = { entry } });
        Renew(id);
    }

    public void Renew(string id, TimeSpan? life = null) => State.Put([Ca.Issue(id, IdOf(id), life)]);

    public void Remove(params string[] ids) => Say(new AgentUpdate { RemovedEntryIds = { ids } });

    public void Push(RevocationLists lists) => Say(new AgentUpdate { RevocationLists = lists });

    public void Push(Bundle bundle) => Say(new AgentUpdate { Bundles = { bundle } });

    public string IdOf(string entryId) => $"spiffe://{Ca.TrustDomain}/{entryId}";

    /// <summary>A program of its own with Python in it: the selector of its path says who it is, whoever runs the test.</summary>
    public string Python(string name)
    {
        var original = File.ResolveLinkTarget(Tool.RequirePython("grpc", "python3-grpcio"), returnFinalTarget: true)!.FullName;
        var copy = _folder.File(name);
        File.Copy(original, copy);
        return copy;
    }

    /// <summary>Runs a check of a foreign client against the socket; fails unless it holds, and gives what it printed.</summary>
    public async Task<string> CheckAsync(string program, string script, params string[] arguments)
    {
        var result = await Tool.RunAsync(
            program, [Path.Combine(AppContext.BaseDirectory, "Foreign", script), Socket, .. arguments],
            environment: new Dictionary<string, string?> { ["CHECK_OUT"] = Folder, ["PYTHONDONTWRITEBYTECODE"] = "1" }, timeout: TimeSpan.FromSeconds(90));
        var wrong = result.Output.Split('\n').Where(line => !line.StartsWith("held: ", StringComparison.Ordinal));
        Assert.True(result.ExitCode == 0, $"{script} {string.Join(' ', arguments)}: {string.Join('\n', wrong)}{result.Errors}");
        return result.Output;
    }

    public async Task<string> HttpAsync(string path)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync($"http://127.0.0.1:{OperationsPort}{path}");
        return await response.Content.ReadAsStringAsync();
    }

    public async Task StopAsync()
    {
        if (!_stopped)
        {
            _stopped = true;
            await Agent.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private void Say(AgentUpdate update)
    {
        update.DenialNumber = 1;
        State.Apply(update);
    }
}
