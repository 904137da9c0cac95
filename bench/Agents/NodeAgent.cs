using System.Globalization;

namespace MeshGrains.Bench;

/// <summary>A real agent of one silo, with a join token of its own.</summary>
internal sealed class NodeAgent : IAsyncDisposable
{
    private readonly int _operations;

    private NodeAgent(ChildProcess process, string socket, int operations) => (Process, Socket, _operations) = (process, socket, operations);

    public ChildProcess Process { get; }

    public string Socket { get; }

    /// <summary>By the stamp of the agent's own log line.</summary>
    public DateTimeOffset AttestedAt
    {
        get
        {
            var line = Process.Output.Split('\n').First(line => line.Contains("Attested as", StringComparison.Ordinal));
            var time = TimeSpan.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture);
            var now = DateTimeOffset.UtcNow;
            var today = new DateTimeOffset(now.Date, TimeSpan.Zero) + time;
            return today <= now ? today : today.AddDays(-1);
        }
    }

    public static async Task<NodeAgent> StartAsync(SiloProcess silo, string entryId, string folder, CancellationToken cancellationToken)
    {
        var (token, socket, configuration) = (Path.Combine(folder, "join-token"), Path.Combine(folder, "agent.sock"), Path.Combine(folder, "agent.yaml"));
        await File.WriteAllTextAsync(token, await silo.Admin.CreateTokenAsync(entryId, cancellationToken), cancellationToken);
        var operations = LoopbackPort.Free();
        await File.WriteAllTextAsync(
            configuration,
            $"""
            trustDomain: {SiloSetup.TrustDomain}
            socket: {socket}
            operationsListen: 127.0.0.1:{operations.ToString(CultureInfo.InvariantCulture)}
            controlPlane:
              addresses: [https://localhost:{silo.Gateway.Port.ToString(CultureInfo.InvariantCulture)}]
              trustBundle: {silo.BundleFile}
            node:
              joinTokenFile: {token}
            log:
              level: Information
            """,
            cancellationToken);
        var process = await AgentProcess.StartAsync(MeshTree.Program("Agent", "meshgrains-agent"), configuration, socket, cancellationToken);
        return new NodeAgent(process, socket, operations);
    }

    /// <summary>Waits until it is connected and holds exactly so many SVIDs.</summary>
    public async Task UntilHeldAsync(int svids, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        await Waiting.ForAsync(
            $"Waiting for {svids} SVIDs", Process,
            async cancel =>
            {
                try
                {
                    var text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{_operations.ToString(CultureInfo.InvariantCulture)}/metrics"), cancel);
                    return PrometheusSample.Find(text, Gauge("connected")) == 1 && PrometheusSample.Find(text, Gauge("svids")) == svids ? text : null;
                }
                catch (HttpRequestException)
                {
                    // It listens on its socket first.
                    return null;
                }
            },
            patience, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Process.StopAsync(TimeSpan.FromSeconds(20));
        await Process.DisposeAsync();
    }

    private static string Gauge(string name) => $"meshgrains_agent_{name}{{trust_domain=\"{SiloSetup.TrustDomain}\"}}";
}
