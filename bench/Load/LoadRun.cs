using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>One run of the load generator, in the process that was started for it.</summary>
internal static class LoadRun
{
    public static async Task<LoadResult> RunAsync(LoadPlan plan, CancellationToken cancellationToken)
    {
        var requests = CertificateRequests.Make(plan.Requests);
        IPEndPoint[] servers = [.. plan.MoreAddresses.Prepend(plan.Address).Select(IPEndPoint.Parse)];
        var trustPem = plan.TrustFile is null ? null : await File.ReadAllTextAsync(plan.TrustFile, cancellationToken);
        var tallies = new LoadTally[plan.Connections];
        var (window, running) = plan.Kind == LoadKind.Grpc
            ? await StartGrpcAsync(plan, servers, trustPem, requests, tallies, cancellationToken)
            : StartCfssl(plan, servers[0], requests, tallies, cancellationToken);
        var (load, serverCpu, storeCpu, machineCpu) = await MeasureCpuAsync(plan, window, running);
        await running;
        WriteSerials(plan, tallies);
        var (validated, invalid, firstInvalid) = Validate(plan, trustPem, requests, tallies);
        double[] milliseconds = [.. tallies.SelectMany(tally => tally.Milliseconds).Select(one => (double)one)];
        return new LoadResult
        {
            Seconds = plan.Seconds,
            Issued = milliseconds.Length,
            IssuedInAll = tallies.Sum(tally => (long)tally.Serials.Count),
            Failed = tallies.Sum(tally => tally.Failed),
            FirstFailure = tallies.Select(tally => tally.FirstFailure).FirstOrDefault(failure => failure is not null),
            MedianMilliseconds = milliseconds.Length == 0 ? 0 : Statistics.Median(milliseconds),
            P99Milliseconds = milliseconds.Length == 0 ? 0 : Statistics.Percentile(milliseconds, 0.99),
            LoadCpuSeconds = load,
            ServerCpuSeconds = serverCpu,
            StoreCpuSeconds = storeCpu,
            MachineCpuSeconds = machineCpu,
            Validated = validated,
            Invalid = invalid,
            FirstInvalid = firstInvalid,
        };
    }

    private static async Task<(LoadWindow Window, Task Running)> StartGrpcAsync(
        LoadPlan plan, IPEndPoint[] servers, string? trustPem, byte[][] requests, LoadTally[] tallies, CancellationToken cancellationToken)
    {
        var bodies = Array.ConvertAll(requests, IstioMessages.Request);
        byte[][] tokens = plan.TokensFile is null ? [[]] : [.. (await File.ReadAllLinesAsync(plan.TokensFile, cancellationToken)).Select(Hpack.Bearer)];
        GrpcTarget[] targets = [.. servers.Select(server => new GrpcTarget { Address = server, TrustPem = trustPem })];
        var connections = new GrpcConnection[plan.Connections];
        for (var i = 0; i < connections.Length; i++)
        {
            connections[i] = await GrpcConnection.OpenAsync(targets[i % targets.Length], cancellationToken);
        }

        var window = new LoadWindow(TimeSpan.FromSeconds(plan.WarmupSeconds), TimeSpan.FromSeconds(plan.Seconds));
        return (window, Task.WhenAll(connections.Select((connection, i) => Task.Run(
            async () =>
            {
                await using (connection)
                {
                    tallies[i] = new LoadTally(window, plan.ValidateEvery);
                    var script = new IssuanceScript(bodies, tokens, i * bodies.Length / connections.Length, window, tallies[i]);
                    await connection.RunAsync(script, plan.InFlight, cancellationToken);
                }
            },
            cancellationToken))));
    }

    private static (LoadWindow Window, Task Running) StartCfssl(
        LoadPlan plan, IPEndPoint server, byte[][] requests, LoadTally[] tallies, CancellationToken cancellationToken)
    {
        var bodies = Array.ConvertAll(requests, csr => CfsslMessages.Request(plan.Address, CsrPem.Encode(csr)));
        var window = new LoadWindow(TimeSpan.FromSeconds(plan.WarmupSeconds), TimeSpan.FromSeconds(plan.Seconds));
        return (window, Task.WhenAll(tallies.Select((_, i) => Task.Run(
            () =>
            {
                tallies[i] = new LoadTally(window, plan.ValidateEvery);
                return new HttpConnection(bodies, i * bodies.Length / tallies.Length, window, tallies[i]).RunAsync(server, cancellationToken);
            },
            cancellationToken))));
    }

    private static async Task<(double Load, double Server, double[] Stores, double Machine)> MeasureCpuAsync(LoadPlan plan, LoadWindow window, Task running)
    {
        using var self = Process.GetCurrentProcess();
        int[] servers = [plan.ServerProcess, .. plan.MoreServerProcesses];
        await Task.WhenAny(window.UntilBeginAsync(), running);
        var (load, server, stores, machine) = (
            self.TotalProcessorTime, servers.Sum(ProcessStat.CpuSeconds), Array.ConvertAll(plan.StoreProcesses, ProcessStat.CpuSeconds), ProcessStat.MachineCpuSeconds());
        await Task.WhenAny(window.UntilEndAsync(), running);
        self.Refresh();
        return (
            (self.TotalProcessorTime - load).TotalSeconds, servers.Sum(ProcessStat.CpuSeconds) - server,
            [.. plan.StoreProcesses.Zip(stores, (process, before) => ProcessStat.CpuSeconds(process) - before)], ProcessStat.MachineCpuSeconds() - machine);
    }

    private static void WriteSerials(LoadPlan plan, LoadTally[] tallies)
    {
        using var file = File.Create(plan.SerialsFile);
        Span<byte> bytes = stackalloc byte[16];
        foreach (var serial in tallies.SelectMany(tally => tally.Serials))
        {
            BinaryPrimitives.WriteUInt128BigEndian(bytes, serial);
            file.Write(bytes);
        }
    }

    private static (int Validated, int Invalid, string? First) Validate(LoadPlan plan, string? trustPem, byte[][] requests, LoadTally[] tallies)
    {
        var check = plan.Kind == LoadKind.Grpc && trustPem is not null ? new SvidCheck(plan.TrustDomain, trustPem) : null;
        (int Request, byte[] Reply)[] samples = [.. tallies.SelectMany(tally => tally.Samples)];
        string[] wrong = [.. samples.AsParallel()
            .Select(sample => check is null ? CfsslMessages.Check(requests[sample.Request], sample.Reply) : check.Check(requests[sample.Request], sample.Reply))
            .OfType<string>()];
        return (samples.Length, wrong.Length, wrong.FirstOrDefault());
    }
}
