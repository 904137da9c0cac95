using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// N node agents of one silo: what an idle stream costs, how soon a change reaches all of them, how soon all are back after the gateway was killed.
/// </summary>
internal static class AgentsBench
{
    private const string Name = "bench --agents";
    private const int Entries = 200;

    /// <summary>The reports of the push before have come by then.</summary>
    private static readonly TimeSpan BetweenPushes = TimeSpan.FromSeconds(4);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);

    public static async Task<int> RunAsync(BenchOptions options, int agents, CancellationToken cancellationToken)
    {
        if (OpenFiles.Missing(agents) is { } missing)
        {
            await Console.Error.WriteLineAsync($"{Name}: {missing}");
            return 2;
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        var setup = new SiloSetup
        {
            Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"),
            Data = Path.Combine(scratch.Path, "data"),
            ConfigFile = cluster.WriteConfig(Config(agents)),
        };
        var figures = new FigureSet();
        figures.Set("agents", (long)agents, "each with a connection, a TLS handshake and a stream of its own, all from one address");
        await using var silo = await SiloProcess.StartAsync(setup, cancellationToken);
        await using var fleet = new AgentFleet();
        await silo.UntilReadyAsync(cancellationToken);
        await fleet.AttestAsync(silo, agents, cancellationToken);
        await ConnectAsync(figures, silo, fleet, cancellationToken);
        await PushAsync(figures, silo, fleet, options.Quick ? 2 : 5, cancellationToken);
        await StormAsync(figures, silo, fleet, cancellationToken);
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        return 0;
    }

    /// <summary>The limits that this many agents need, and none of the others.</summary>
    internal static string Config(int agents) =>
        $$"""
        agents:
          maxStreams: {{Math.Max(10_000, agents)}}
        limits:
          maxConnections: {{Math.Max(20_000, agents + 2_000)}}
        """;

    private static async Task ConnectAsync(FigureSet figures, SiloProcess silo, AgentFleet fleet, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(5), cancellationToken);
        var (memory, cpu, clock) = (ProcessStat.ResidentMegabytes(silo.Process.Id), ProcessStat.CpuSeconds(silo.Process.Id), Stopwatch.StartNew());
        fleet.Start();
        await fleet.UntilAllAsync("connected", agent => agent.StoodAt != 0, Patience, cancellationToken);
        var connected = clock.Elapsed.TotalSeconds;
        Progress.Say($"all connected after {connected:0.0} s");

        // What a handshake needs is given back by then.
        await Task.Delay(TimeSpan.FromSeconds(20), cancellationToken);
        var idle = (ProcessStat.ResidentMegabytes(silo.Process.Id) - memory) * 1024 * 1024 / fleet.Agents.Length;
        figures.Set("connect_s", connected, 2, "until all that start at once hold their first update");
        figures.Set("connect_cpu_s", ProcessStat.CpuSeconds(silo.Process.Id) - cpu, 2, "CPU time of the silo for that, 20 s of idling included");
        figures.Set("rss_before_mb", memory, 1, "of the silo, all agents attested and none connected");
        figures.Set("rss_idle_mb", memory + (idle * fleet.Agents.Length / 1024 / 1024), 1, "with all of them idle for 20 s");
        figures.Set("bytes_per_idle_stream", idle, 0, "the difference, for each: connection, TLS and stream");
        Progress.Say($"{idle:0} bytes of the silo for each idle stream");
    }

    private static async Task PushAsync(FigureSet figures, SiloProcess silo, AgentFleet fleet, int rounds, CancellationToken cancellationToken)
    {
        var cpu = ProcessStat.CpuSeconds(silo.Process.Id);
        var denials = new List<double>();
        var registrations = new List<double>();
        for (var round = 0; round < rounds; round++)
        {
            var id = await silo.Admin.CreateEntryAsync($"spiffe://{SiloSetup.TrustDomain}/pushed/{round}", cancellationToken);
            await Task.Delay(BetweenPushes, cancellationToken);
            denials.AddRange(await ReachAllAsync(
                fleet, cancel => silo.Admin.QuarantineAsync($"spiffe://{SiloSetup.TrustDomain}/banned/{round}", cancel), cancellationToken));
            await Task.Delay(BetweenPushes, cancellationToken);
            registrations.AddRange(await ReachAllAsync(
                fleet, async cancel =>
                {
                    await silo.Admin.DeleteEntryAsync(id, cancel);
                    return 0;
                },
                cancellationToken));
            Progress.Say($"round {round + 1}: all were reached");
        }

        var pushCpu = (ProcessStat.CpuSeconds(silo.Process.Id) - cpu) / (2 * rounds);
        var single = await EntriesAsync(silo, fleet, cancellationToken);
        List<double> all = [.. denials, .. registrations];
        figures.Set("push_p50_ms", Statistics.Percentile(all, 0.5), 1, $"{2 * rounds} changes that concern all agents, from before the operator's request is sent");
        figures.Set("push_p99_ms", Statistics.Percentile(all, 0.99), 1, "to stay below: 1000");
        figures.Set("push_max_ms", all.Max(), 1);
        figures.Set("push_denial_p99_ms", Statistics.Percentile(denials, 0.99), 1, "a quarantine");
        figures.Set("push_registration_p99_ms", Statistics.Percentile(registrations, 0.99), 1, "a registration is deleted");
        figures.Set("push_cpu_s", pushCpu, 3, "CPU time of the silo for one change that reaches all, the agents' reports and what else is done in those seconds included");
        figures.Set("entry_push_p50_ms", Statistics.Percentile(single, 0.5), 1, $"{single.Count} entries, each made under one agent, until that agent holds it");
        figures.Set("entry_push_p99_ms", Statistics.Percentile(single, 0.99), 1);
    }

    /// <summary>Milliseconds until each agent was reached by a change of the denial set.</summary>
    private static async Task<IReadOnlyList<double>> ReachAllAsync(AgentFleet fleet, Func<CancellationToken, Task<long>> change, CancellationToken cancellationToken)
    {
        var before = fleet.Agents.Max(agent => agent.DenialNumber);
        var began = Stopwatch.GetTimestamp();
        await change(cancellationToken);
        await fleet.UntilAllAsync("were reached", agent => agent.DenialNumber > before, Patience, cancellationToken);
        return [.. fleet.Agents.Select(agent => Stopwatch.GetElapsedTime(began, agent.DenialAt).TotalMilliseconds)];
    }

    private static async Task<IReadOnlyList<double>> EntriesAsync(SiloProcess silo, AgentFleet fleet, CancellationToken cancellationToken)
    {
        var taken = new List<double>();
        foreach (var agent in Random.Shared.GetItems(fleet.Agents, Math.Min(Entries, fleet.Agents.Length)))
        {
            var (held, began) = (agent.Held, Stopwatch.GetTimestamp());
            await silo.Admin.CreateEntryUnderAsync(agent.SpiffeId, $"spiffe://{SiloSetup.TrustDomain}/workload/{taken.Count}", "unix:uid:1000", cancellationToken);
            while (agent.Held == held)
            {
                if (Stopwatch.GetElapsedTime(began) > Patience)
                {
                    throw new TimeoutException("An entry did not reach its agent.");
                }

                await Task.Delay(1, cancellationToken);
            }

            taken.Add(Stopwatch.GetElapsedTime(began, agent.EntriesAt).TotalMilliseconds);
        }

        return taken;
    }

    private static async Task StormAsync(FigureSet figures, SiloProcess silo, AgentFleet fleet, CancellationToken cancellationToken)
    {
        var (cpuBefore, gateway, bundle) = (ProcessStat.CpuSeconds(silo.Process.Id), silo.Gateway, fleet.Agents.Max(agent => agent.BundleNumber));
        await silo.Process.KillAsync();
        await fleet.UntilAllAsync("noticed that the gateway is gone", agent => agent.StoodAt == 0, Patience, cancellationToken);

        // The same address; and a bundle of another number, which all have to get.
        var began = Stopwatch.GetTimestamp();
        await using var next = await SiloProcess.StartAsync(
            silo.Setup with { Listen = gateway.ToString(), Flags = ["--set", "ca.bundleRefreshHint=7m"] }, cancellationToken);
        fleet.MoveTo(next);
        await next.UntilReadyAsync(cancellationToken);
        var ready = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await fleet.UntilAllAsync("are back", agent => agent.StoodAt != 0, Patience, cancellationToken);
        var back = fleet.Agents.Select(agent => Stopwatch.GetElapsedTime(began, agent.StoodAt).TotalSeconds).ToArray();
        await fleet.UntilAllAsync("hold the new bundle", agent => agent.BundleNumber > bundle, Patience, cancellationToken);
        var storm = ProcessStat.CpuSeconds(next.Process.Id);
        Progress.Say($"ready after {ready:0.0} s, all back after {back.Max():0.0} s");
        figures.Set("reconnect_storm_s", back.Max(), 2, "from the start of the killed gateway until all are back and hold their first update");
        figures.Set("reconnect_p50_s", Statistics.Median(back), 2);
        figures.Set("restart_ready_s", ready, 2, "of that, until the gateway was ready");
        figures.Set("bundle_reached", (long)fleet.Count(agent => agent.BundleNumber > bundle), "agents that hold the bundle that changed with the restart");
        figures.Set("storm_cpu_s", storm, 2, "CPU time of the silo for start and storm");
        figures.Set("cpu_s", cpuBefore + storm, 1, "CPU time of the silo in all: attesting, connecting, idling, pushes, restart and storm");
    }
}
