namespace MeshGrains.Bench;

/// <summary>One run of the measurements, the floor taken anew between them.</summary>
internal sealed class BenchRun : IDisposable
{
    private const string ToReach = "to reach: ";

    private readonly BenchOptions _options;
    private readonly ScratchFolder _scratch;
    private readonly TestCluster _cluster;
    private readonly FloorMeter _floor;
    private readonly InProcessBench _inProcess;
    private SiloSetup _setup;
    private bool _readyToRun;
    private readonly double _warmup;
    private readonly double _seconds;
    private EndToEndFigures? _grpc;
    private FloodFigures? _flood;
    private LoadResult? _cfssl;
    private StartFigures? _start;
    private double? _syncs;

    public BenchRun(BenchOptions options, ScratchFolder scratch, TestCluster cluster)
    {
        (_options, _scratch, _cluster) = (options, scratch, cluster);
        _floor = new FloorMeter(options.Quick ? 1 : 3);
        _inProcess = new InProcessBench(CertificateRequests.Make(10_000), TimeSpan.FromSeconds(options.Quick ? 2 : 5));
        _setup = new SiloSetup
        {
            Program = options.Server ?? MeshTree.Program("Silo", "meshgrains"),
            Data = Path.Combine(scratch.Path, "data"),
            ConfigFile = cluster.WriteConfig(),
        };
        (_warmup, _seconds) = options.Quick ? (2d, 5d) : (5d, 20d);
    }

    /// <summary>What is wrong with what was issued; null when nothing is.</summary>
    public string? Fault => _grpc?.Fault;

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        if (_options.Server is null && await ReadyToRunPublish.TryAsync(cancellationToken) is { } published)
        {
            _setup = _setup with { Program = published };
            _readyToRun = true;
        }

        if (_options.Wants(BenchPart.InProcess))
        {
            await MeasureInProcessAsync(cancellationToken);
        }

        await _floor.SampleAsync(cancellationToken);
        if (_options.Wants(BenchPart.Grpc) || _options.Wants(BenchPart.Flood))
        {
            await MeasureServerAsync(cancellationToken);
            await _floor.SampleAsync(cancellationToken);
        }

        if (_options.Wants(BenchPart.Cfssl))
        {
            _cfssl = await CfsslBench.RunAsync(_scratch.Sub("cfssl"), _warmup, _seconds / 2, cancellationToken);
            await _floor.SampleAsync(cancellationToken);
        }

        if (_options.Wants(BenchPart.Start))
        {
            _syncs = SyncRate.Measure(_scratch.Path, TimeSpan.FromSeconds(_options.Quick ? 1 : 2));
            _start = await StartBench.RunAsync(_setup, _cluster.Token(0), _options.Quick ? 3 : 5, cancellationToken);
        }
    }

    public FigureSet Figures()
    {
        var figures = new FigureSet();
        var inProcess = _options.Wants(BenchPart.InProcess) ? _inProcess.PerSecond : (double?)null;
        figures.Set("floor_per_s", _floor.Floor, note: $"L: sign {_floor.SignPerSecond:0}/s, verify {_floor.VerifyPerSecond:0}/s on {Environment.ProcessorCount} cores");
        figures.Set("floor_spread", _floor.Spread, 3, "(highest - lowest) / median");
        figures.Set("inprocess_per_s", inProcess, note: "CSR DER in, SVID DER out, proof verified");
        figures.Set("inprocess_ratio", inProcess / _floor.Floor, 3, ToReach + "0.75");
        figures.Set("inprocess_allocated_bytes", inProcess is null ? null : _inProcess.AllocatedBytes, note: "for one issuance");
        AddEndToEnd(figures);
        figures.Set("cfssl_per_s", _cfssl?.PerSecond, note: _cfssl is null ? "cfssl (golang-cfssl) is not installed" : "plain HTTP, no authentication, no record");
        figures.Set("vs_cfssl", _grpc?.Load.PerSecond / _cfssl?.PerSecond, 2, ToReach + "1.5");
        figures.Set("start_to_first_cert_s", _start?.FirstCertificateSeconds, 2, ToReach + "2");
        figures.Set("start_readytorun", _options.Server is null ? _readyToRun : null, "the server is compiled ahead of time, as it ships");
        figures.Set("idle_rss_mb", _start?.IdleMegabytes, 1, ToReach + "150");
        figures.Set("renewal_p99_quiet_ms", _flood?.QuietP99, 2);
        figures.Set("renewal_p99_flood_ms", _flood?.FloodP99, 2, $"{_flood?.FloodPerSecond:0} bad calls/s beside it");
        figures.Set("flood_ratio", _flood?.FloodP99 / _flood?.QuietP99, 2, "to stay within: 3");
        figures.Set("flood_renewals_failed", _flood?.Failed, note: _flood?.FirstFailure ?? "");
        figures.Set("fdatasync_per_s", _syncs);
        figures.Set("cores", (long)Environment.ProcessorCount);
        figures.Set("host", MeshTree.Host);
        return figures;
    }

    public void Dispose() => _inProcess.Dispose();

    private async Task MeasureInProcessAsync(CancellationToken cancellationToken)
    {
        _inProcess.Run();
        _inProcess.Restart();
        for (var round = 0; round < (_options.Quick ? 2 : 3); round++)
        {
            await _floor.SampleAsync(cancellationToken);
            _inProcess.Run();
        }
    }

    private async Task MeasureServerAsync(CancellationToken cancellationToken)
    {
        await using var silo = await SiloProcess.StartAsync(_setup, cancellationToken);
        await silo.UntilReadyAsync(cancellationToken);
        if (_options.Wants(BenchPart.Grpc))
        {
            var tokens = _cluster.WriteTokens(EndToEndBench.Tokens);
            _grpc = await EndToEndBench.RunAsync(silo, tokens, _scratch.Path, _warmup, _seconds, cancellationToken);
            await _floor.SampleAsync(cancellationToken);
        }

        if (_options.Wants(BenchPart.Flood))
        {
            _flood = await FloodBench.RunAsync(silo, _cluster, _scratch.Path, TimeSpan.FromSeconds(_options.Quick ? 2 : 4), cancellationToken);
        }

        await silo.Process.StopAsync(TimeSpan.FromSeconds(20));
    }

    private void AddEndToEnd(FigureSet figures)
    {
        var load = _grpc?.Load;
        figures.Set("grpc_per_s", load?.PerSecond, note: $"{EndToEndBench.Connections} connections, {EndToEndBench.InFlight} calls under way, records durable");
        figures.Set("grpc_ratio", load?.PerSecond / _floor.Floor, 3, ToReach + "0.38");
        figures.Set("grpc_p50_ms", load?.MedianMilliseconds, 2);
        figures.Set("grpc_p99_ms", load?.P99Milliseconds, 2);
        figures.Set("grpc_allocated_bytes", _grpc?.AllocatedBytes, note: "by the server for one issuance");
        figures.Set("grpc_server_us", load?.ServerCpuSeconds / load?.Issued * 1e6, 1, "CPU time of the server for one issuance");
        figures.Set("load_cpu_share", load?.LoadCpuShare, 3, "of all cores, by the load generator");
        figures.Set("server_cpu_share", load?.ServerCpuShare, 3, "of all cores, by the server");
        figures.Set("others_cpu_share", load?.OthersCpuShare, 3, "of all cores, by anything else: near 0 on a quiet machine");
        figures.Set("grpc_issued", load?.IssuedInAll, note: $"{load?.Validated} validated, all looked up in the log");
        figures.Set("grpc_failed", load?.Failed, note: load?.FirstFailure ?? "");
        figures.Set("grpc_invalid", load?.Invalid, note: load?.FirstInvalid ?? "");
        figures.Set("grpc_unrecorded", _grpc?.Missing);
    }
}
