using System.Globalization;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace MeshGrains.Bench;

/// <summary>
/// One node with many identities: how soon after its attestation an agent serves the first workload, which waits for the newest of all entries, and what it weighs
/// once it holds all of them.
/// </summary>
internal static class AgentNodeBench
{
    public const int DefaultIdentities = 10_000;

    private const string Agent = $"spiffe://{SiloSetup.TrustDomain}/meshgrains/agent/node-1";
    private const string Mine = $"spiffe://{SiloSetup.TrustDomain}/mine";
    private const int AtOnce = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    public static async Task<int> RunAsync(BenchOptions options, int identities, CancellationToken cancellationToken)
    {
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        var setup = new SiloSetup
        {
            Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"), Data = Path.Combine(scratch.Path, "data"), ConfigFile = cluster.WriteConfig(),
        };
        var figures = new FigureSet();
        await using var silo = await SiloProcess.StartAsync(setup, cancellationToken);
        await silo.UntilReadyAsync(cancellationToken);
        var entry = await silo.Admin.CreateEntryAsync(Agent, cancellationToken);
        await using (var empty = await NodeAgent.StartAsync(silo, entry, scratch.Path, cancellationToken))
        {
            await empty.UntilHeldAsync(0, Patience, cancellationToken);
            await Task.Delay(TimeSpan.FromSeconds(options.Quick ? 2 : 5), cancellationToken);
            figures.Set("rss_before_mb", ProcessStat.ResidentMegabytes(empty.Process.Id), 1, "of the agent, attested, with no entries");
        }

        await RegisterAsync(silo, identities, cancellationToken);
        Progress.Say($"{identities} entries are registered");
        await using var node = await NodeAgent.StartAsync(silo, entry, scratch.Path, cancellationToken);
        var served = await FirstSvidAsync(node.Socket, cancellationToken);
        var attested = node.AttestedAt;
        Progress.Say($"the first SVID is served {(served - attested).TotalMilliseconds:0} ms after the attestation");
        await node.UntilHeldAsync(identities, Patience, cancellationToken);
        var all = DateTimeOffset.UtcNow - attested;
        await Task.Delay(TimeSpan.FromSeconds(options.Quick ? 2 : 10), cancellationToken);
        figures.Set("identities", (long)identities, "entries of one agent, each with its own selector; the workload's is the newest");
        figures.Set("attested_to_first_svid_ms", (served - attested).TotalMilliseconds, 0, "by the agent's log until the workload has its SVID; to stay below: 1000");
        figures.Set("all_issued_s", all.TotalSeconds, 1, "from the attestation until all are held; the default quota lets one agent have 2000 and then 500 each second");
        figures.Set("rss_mb", ProcessStat.ResidentMegabytes(node.Process.Id), 1, "of the agent, holding all of them, idle");
        figures.Set("agent_cpu_s", ProcessStat.CpuSeconds(node.Process.Id), 1, "CPU time of the agent in all");
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return 0;
    }

    /// <summary>The workload's own entry last, so that it is the newest.</summary>
    private static async Task RegisterAsync(SiloProcess silo, int identities, CancellationToken cancellationToken)
    {
        var user = (await ChildProcess.ReadAsync("id", ["-u"], cancellationToken)).Trim();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, identities - 1), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (i, cancel) => await silo.Admin.CreateEntryUnderAsync(
                Agent, $"spiffe://{SiloSetup.TrustDomain}/ns/default/sa/workload-{i}", string.Create(CultureInfo.InvariantCulture, $"unix:uid:{1_000_000 + i}"), cancel));
        await silo.Admin.CreateEntryUnderAsync(Agent, Mine, $"unix:uid:{user}", cancellationToken);
    }

    /// <summary>When this process, which asks without a pause, got its SVID.</summary>
    private static async Task<DateTimeOffset> FirstSvidAsync(string socket, CancellationToken cancellationToken)
    {
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = socket });
        var options = new RpcCallOptions { Headers = new RpcMetadata { { "workload.spiffe.io", "true" } } };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        while (true)
        {
            try
            {
                using var call = channel.ServerStreaming("/SpiffeWorkloadAPI/FetchX509SVID", new X509SVIDRequest(), X509SVIDResponse.Parser, options, patience.Token);
                await foreach (var response in call)
                {
                    return response.Svids.Any(svid => svid.SpiffeId == Mine) ? DateTimeOffset.UtcNow : throw new InvalidDataException("The agent served another identity.");
                }
            }
            catch (RpcException early) when (early.StatusCode is RpcStatusCode.Unavailable or RpcStatusCode.PermissionDenied)
            {
                await Task.Delay(5, patience.Token);
            }
        }
    }
}
