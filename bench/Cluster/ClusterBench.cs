namespace MeshGrains.Bench;

/// <summary>
/// What being distributed costs: the same load on a cluster of one silo and on a cluster of three, on the same cores and the same stores, spread over the silos' own
/// gateways. Both stand all the time and take turns, so that neither is the younger one; medians.
/// </summary>
internal static class ClusterBench
{
    private const string Name = "bench --cluster";
    private const double MostPrice = 0.15;

    /// <summary>
    /// Enough that neither side waits for the log's store. With fewer calls, three silos split them into three times as many appends, and what is measured is the emulator's
    /// price of an append: that is told too.
    /// </summary>
    private static readonly Load Full = new(24, 768);

    private static readonly Load Light = new(EndToEndBench.Connections, EndToEndBench.InFlight);

    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (ClusterNeeds.Missing() is { } missing)
        {
            return ClusterNeeds.TellSkipped(Name, missing, options.Json);
        }

        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var secondScratch = new ScratchFolder(MeshTree.Artifacts, options.Keep, "b");
        var plan = new DrillPlan { Silos = 3, Gateway = false, VaultKeys = false, Server = options.Server };
        await using var ofThree = await DrillCluster.StartAsync(scratch, plan, cancellationToken);
        await using var ofOne = await DrillCluster.StartAsync(secondScratch, plan with { Silos = 1, StoresOf = ofThree.Mesh }, cancellationToken);
        var sides = new[] { ofThree, ofOne }.Select(cluster => new Side(cluster, cluster.Tokens.WriteTokens(EndToEndBench.Tokens))).ToList();
        foreach (var load in new[] { Full, Light })
        {
            for (var round = 0; round <= (options.Quick ? 3 : 6); round++)
            {
                // Who begins changes, so that a store that grows slows neither more.
                foreach (var side in round % 2 == 0 ? sides : sides.AsEnumerable().Reverse())
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
                    await MeasureAsync(side, load, round, sides.Single(other => other != side), ofThree.Mesh.Stores, options.Quick, cancellationToken);
                }
            }
        }

        var (unrecorded, duplicates) = (0L, 0L);
        foreach (var side in sides)
        {
            var audit = await LogAudit.RunAsync(side.Cluster, side.Serials, cancellationToken);
            (unrecorded, duplicates) = (unrecorded + audit.Unrecorded, duplicates + audit.DuplicateSerials);
        }

        var runs = sides.SelectMany(side => side.Runs).Select(run => run.Load).ToList();
        var figures = new FigureSet();
        var (three, one) = (sides[0].Of(Full), sides[1].Of(Full));
        AddPrice(figures, "", Full, one, three, $"1 - three / one, after what the idle cluster took is given back; to reach: under {MostPrice}");
        AddRuns(figures, "one_silo", one);
        AddRuns(figures, "three_silos", three);
        AddPrice(figures, $"_{Light.Calls}", Light, sides[1].Of(Light), sides[0].Of(Light), "the same with fewer calls under way");
        figures.Set("issued", sides.Sum(side => (long)side.Serials.Count));
        figures.Set("failed", runs.Sum(run => run.Failed), runs.Select(run => run.FirstFailure).FirstOrDefault(failure => failure is not null) ?? "");
        figures.Set("unrecorded", unrecorded, "has to be 0");
        figures.Set("duplicate_serials", duplicates, "has to be 0");
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        figures.Set("skipped", (string?)null);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        if (unrecorded + duplicates > 0 || runs.Any(run => run.Failed > 0 || run.Invalid > 0))
        {
            await Console.Error.WriteLineAsync($"{Name}: what was issued is not good.");
            return 1;
        }

        return 0;
    }

    private static void AddPrice(FigureSet figures, string name, Load load, Run[] one, Run[] three, string note)
    {
        figures.Set($"one_silo{name}_per_s", Median(one, run => run.Load.PerSecond), note: $"median of {one.Length} runs; {load.Connections} connections, {load.Calls} calls under way, records durable in the log store");
        figures.Set($"three_silos{name}_per_s", Median(three, run => run.Load.PerSecond), note: "the same load, spread over three silos on the same cores");
        figures.Set($"price{name}", 1 - (Median(three, run => run.AlonePerSecond) / Median(one, run => run.AlonePerSecond)), 3, note);
        figures.Set($"one_silo{name}_spread", Statistics.Spread(one.Select(run => run.Load.PerSecond)), 3, "(highest - lowest) / median");
        figures.Set($"three_silos{name}_spread", Statistics.Spread(three.Select(run => run.Load.PerSecond)), 3);
    }

    private static void AddRuns(FigureSet figures, string name, Run[] runs)
    {
        figures.Set($"{name}_p50_ms", Median(runs, run => run.Load.MedianMilliseconds), 1);
        figures.Set($"{name}_p99_ms", Median(runs, run => run.Load.P99Milliseconds), 1);
        figures.Set($"{name}_silos_cpu_us", Median(runs, run => run.Load.ServerCpuSeconds / run.Load.Issued * 1e6), 1, "CPU time of all silos for one issuance");
        figures.Set($"{name}_azurite_cpu_s", Median(runs, run => run.Load.StoreCpuSeconds[0]), 2, $"in a run of {runs[0].Load.Seconds:0} s");
        figures.Set($"{name}_redis_cpu_s", Median(runs, run => run.Load.StoreCpuSeconds[1]), 2);
        figures.Set($"{name}_azurite_cpu_share", Median(runs, run => run.Load.StoreCpuSeconds[0] / (run.Load.Seconds * Environment.ProcessorCount)), 3, "of all the machine's CPU time");
        figures.Set($"{name}_load_cpu_share", Median(runs, run => run.Load.LoadCpuShare), 3);
        figures.Set($"{name}_idle_cluster_cpu_share", Median(runs, run => run.IdleShare), 3, "of the other cluster's silos");
        figures.Set($"{name}_others_cpu_share", Median(runs, run => run.Load.OthersCpuShare), 3, "of processes that are none of these, and what the host kept for itself");
    }

    private static double Median(Run[] runs, Func<Run, double> of) => Statistics.Median(runs.Select(of));

    private static async Task MeasureAsync(
        Side side, Load load, int round, Side idle, ClusterStores stores, bool quick, CancellationToken cancellationToken)
    {
        var cluster = side.Cluster;
        var silos = cluster.Mesh.Silos;
        string[] addresses = [.. silos.Select(silo => DrillCluster.Target(silo).Address.ToString())];
        int[] processes = [.. silos.Select(silo => silo.Process.Id!.Value)];
        var plan = new LoadPlan
        {
            Kind = LoadKind.Grpc,
            Address = addresses[0],
            MoreAddresses = addresses[1..],
            TrustFile = silos[0].BundlePem,
            TrustDomain = SiloSetup.TrustDomain,
            TokensFile = side.TokensFile,
            Connections = load.Connections,
            InFlight = load.Calls / load.Connections,
            // What is measured is the price of being three, not of being new: before the first round, which counts for nothing, nothing is compiled and no caller known.
            WarmupSeconds = round > 0 ? 2 : load == Light ? 4 : quick ? 15 : 40,
            Seconds = quick ? 5 : 8,
            ServerProcess = processes[0],
            MoreServerProcesses = processes[1..],
            StoreProcesses =
            [
                stores.AzuriteProcess!.Id!.Value, stores.RedisProcess!.Id!.Value, .. idle.Cluster.Mesh.Silos.Select(silo => silo.Process.Id!.Value),
            ],
            ResultFile = Path.Combine(cluster.Folder, "run.json"),
            SerialsFile = Path.Combine(cluster.Folder, "run.serials"),
        };
        var run = new Run(load, await LoadProcess.RunAsync(plan, cluster.Folder, cancellationToken));
        side.Serials.AddRange(EndToEndBench.ReadSerials(plan.SerialsFile));
        if (round > 0)
        {
            side.Runs.Add(run);
        }

        var result = run.Load;
        Progress.Say($"{silos.Count} silos, {load.Calls} calls{(round > 0 ? "" : ", to warm up")}: {result.PerSecond:0}/s, p50 {result.MedianMilliseconds:0} ms, p99 {result.P99Milliseconds:0} ms, CPU: silos {result.ServerCpuShare:0%}, load {result.LoadCpuShare:0%}, idle silos {run.IdleShare:0.0%}, others {result.OthersCpuShare:0%}");
    }

    private sealed record Load(int Connections, int Calls);

    private sealed record Run(Load Of, LoadResult Load)
    {
        /// <summary>Share of all the machine's CPU time that the other cluster's silos took.</summary>
        public double IdleShare => Load.StoreCpuSeconds.Skip(2).Sum() / (Load.Seconds * Environment.ProcessorCount);

        /// <summary>What it would be without the other cluster beside it.</summary>
        public double AlonePerSecond => Load.PerSecond / (1 - IdleShare);
    }

    private sealed record Side(DrillCluster Cluster, string TokensFile)
    {
        public List<Run> Runs { get; } = [];

        public List<UInt128> Serials { get; } = [];

        public Run[] Of(Load load) => [.. Runs.Where(run => run.Of == load)];
    }
}
