namespace MeshGrains.Bench;

/// <summary><c>bench</c>: all figures, one flat JSON object.</summary>
internal static class BenchCommand
{
    /// <summary>0 when all was measured and all that was issued is good; 1 when something is wrong with it.</summary>
    public static async Task<int> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var figures = new FigureSet();
        using var scratch = new ScratchFolder(MeshTree.Artifacts, options.Keep);
        using var cluster = new TestCluster(scratch.Path);
        var floor = new FloorMeter(options.Quick ? 1 : 3);
        using var inProcess = new InProcessBench(CertificateRequests.Make(10_000), TimeSpan.FromSeconds(options.Quick ? 2 : 5));
        inProcess.Run();
        inProcess.Restart();
        for (var round = 0; round < (options.Quick ? 2 : 3); round++)
        {
            await floor.SampleAsync(cancellationToken);
            inProcess.Run();
        }

        await floor.SampleAsync(cancellationToken);
        var setup = new SiloSetup
        {
            Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"),
            Data = Path.Combine(scratch.Path, "data"),
            ConfigFile = cluster.WriteConfig(),
        };
        var syncs = SyncRate.Measure(scratch.Path, TimeSpan.FromSeconds(options.Quick ? 1 : 2));
        var (warmup, seconds) = options.Quick ? (2d, 5d) : (5d, 20d);
        EndToEndFigures grpc;
        FloodFigures flood;
        await using (var silo = await SiloProcess.StartAsync(setup, cancellationToken))
        {
            await silo.UntilReadyAsync(cancellationToken);
            grpc = await EndToEndBench.RunAsync(silo, cluster.WriteTokens(EndToEndBench.Tokens), scratch.Path, warmup, seconds, cancellationToken);
            await floor.SampleAsync(cancellationToken);
            flood = await FloodBench.RunAsync(silo, cluster, scratch.Path, TimeSpan.FromSeconds(options.Quick ? 4 : 10), cancellationToken);
            await silo.Process.StopAsync(TimeSpan.FromSeconds(20));
        }

        var cfssl = await CfsslBench.RunAsync(scratch.Sub("cfssl"), warmup, seconds / 2, cancellationToken);
        await floor.SampleAsync(cancellationToken);
        var (starts, idle, readyToRun) = await MeasureStartAsync(options, setup, cluster, cancellationToken);

        figures.Set("floor_per_s", floor.Floor, note: $"L: sign {floor.SignPerSecond:0}/s, verify {floor.VerifyPerSecond:0}/s on {Environment.ProcessorCount} cores");
        figures.Set("floor_spread", floor.Spread, 3, "(highest - lowest) / median");
        figures.Set("inprocess_per_s", inProcess.PerSecond, note: "CSR DER in, SVID DER out, proof verified");
        figures.Set("inprocess_ratio", inProcess.PerSecond / floor.Floor, 3, "to reach: 0.75");
        figures.Set("inprocess_allocated_bytes", inProcess.AllocatedBytes, note: "for one issuance");
        figures.Set("grpc_per_s", grpc.Load.PerSecond, note: $"{EndToEndBench.Connections} connections, {EndToEndBench.InFlight} calls under way, records durable");
        figures.Set("grpc_ratio", grpc.Load.PerSecond / floor.Floor, 3, "to reach: 0.38");
        figures.Set("grpc_p50_ms", grpc.Load.MedianMilliseconds, 2);
        figures.Set("grpc_p99_ms", grpc.Load.P99Milliseconds, 2);
        figures.Set("grpc_allocated_bytes", grpc.AllocatedBytes, note: "by the server for one issuance");
        figures.Set("load_cpu_share", grpc.Load.LoadCpuShare, 3, "of all cores, by the load generator");
        figures.Set("server_cpu_share", grpc.Load.ServerCpuShare, 3, "of all cores, by the server");
        figures.Set("others_cpu_share", grpc.Load.OthersCpuShare, 3, "of all cores, by anything else: near 0 on a quiet machine");
        figures.Set("grpc_issued", grpc.Load.IssuedInAll, $"{grpc.Load.Validated} validated, all looked up in the log");
        figures.Set("grpc_failed", grpc.Load.Failed, grpc.Load.FirstFailure ?? "");
        figures.Set("grpc_invalid", (long)grpc.Load.Invalid, grpc.Load.FirstInvalid ?? "");
        figures.Set("grpc_unrecorded", (long)grpc.Missing);
        figures.Set("cfssl_per_s", cfssl?.PerSecond, note: cfssl is null ? "cfssl (golang-cfssl) is not installed" : "plain HTTP, no authentication, no record");
        figures.Set("vs_cfssl", grpc.Load.PerSecond / cfssl?.PerSecond, 2, "to reach: 1.5");
        figures.Set("start_to_first_cert_s", Statistics.Median(starts), 2, "to reach: 2");
        figures.Set("start_readytorun", readyToRun);
        figures.Set("idle_rss_mb", idle, 1, "to reach: 150");
        figures.Set("renewal_p99_quiet_ms", flood.QuietP99, 2);
        figures.Set("renewal_p99_flood_ms", flood.FloodP99, 2, $"{flood.FloodPerSecond:0} bad calls/s beside it");
        figures.Set("flood_ratio", flood.FloodP99 / flood.QuietP99, 2, "to stay within: 3");
        figures.Set("flood_renewals_failed", (long)flood.Failed, flood.FirstFailure ?? "");
        figures.Set("fdatasync_per_s", syncs);
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        figures.Print(Console.Out);
        figures.Save(options.Json);
        if (grpc.Fault is { } fault)
        {
            await Console.Error.WriteLineAsync($"The end-to-end run is not good: {fault}.");
            return 1;
        }

        return 0;
    }

    private static async Task<(List<double> Starts, double IdleMegabytes, bool ReadyToRun)> MeasureStartAsync(
        BenchOptions options, SiloSetup setup, TestCluster cluster, CancellationToken cancellationToken)
    {
        var published = options.Server is null ? await ReadyToRunPublish.TryAsync(cancellationToken) : null;
        var start = setup with { Program = published ?? setup.Program };
        var call = new Call(Hpack.Bearer(cluster.Token(0)), IstioMessages.Request(CertificateRequests.Make(1)[0]), 0);
        var starts = new List<double>();
        for (var i = 0; i < (options.Quick ? 3 : 5); i++)
        {
            starts.Add(await StartBench.OnceAsync(start, call, cancellationToken));
        }

        var idle = await StartBench.IdleMegabytesAsync(start, call, TimeSpan.FromSeconds(10), cancellationToken);
        return (starts, idle, published is not null);
    }
}
