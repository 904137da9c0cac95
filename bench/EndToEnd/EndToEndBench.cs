using System.Buffers.Binary;

namespace MeshGrains.Bench;

/// <summary>
/// DESIGN section 9: 10,000 distinct requests, 1,000 distinct RS256 tokens, 8 kept TLS 1.3 connections, up to 256 calls under way, durable records,
/// the load generator on the same cores; afterwards every serial is looked up in the log.
/// </summary>
internal static class EndToEndBench
{
    public const int Tokens = 1_000;
    public const int Connections = 8;
    public const int InFlight = 256;
    private const string AllocatedMetric = "dotnet_gc_allocated_bytes_total";

    public static async Task<EndToEndFigures> RunAsync(
        SiloProcess silo, string tokensFile, string folder, double warmupSeconds, double seconds, CancellationToken cancellationToken)
    {
        var plan = new LoadPlan
        {
            Kind = LoadKind.Grpc,
            Address = silo.Gateway.ToString(),
            TrustFile = silo.BundleFile,
            TrustDomain = SiloSetup.TrustDomain,
            TokensFile = tokensFile,
            Connections = Connections,
            InFlight = InFlight / Connections,
            WarmupSeconds = warmupSeconds,
            Seconds = seconds,
            ServerProcess = silo.Process.Id,
            ResultFile = Path.Combine(folder, "grpc.json"),
            SerialsFile = Path.Combine(folder, "grpc.serials"),
        };
        var allocatedBefore = await silo.MetricAsync(AllocatedMetric, cancellationToken);
        var load = await LoadProcess.RunAsync(plan, folder, cancellationToken);
        var allocated = await silo.MetricAsync(AllocatedMetric, cancellationToken) - allocatedBefore;
        Progress.Say($"end to end: {load.PerSecond:0}/s, p50 {load.MedianMilliseconds:0.0} ms, p99 {load.P99Milliseconds:0.0} ms, CPU: load {load.LoadCpuShare:0%}, server {load.ServerCpuShare:0%}, others {load.OthersCpuShare:0%}");
        var log = await silo.Admin.ReadLogAsync(cancellationToken);
        Progress.Say($"log: {log.Records} records, {log.Duplicates} duplicate serials");
        return new EndToEndFigures(load, log.CountMissing(ReadSerials(plan.SerialsFile)), log.Duplicates, allocated / load.IssuedInAll);
    }

    internal static IEnumerable<UInt128> ReadSerials(string file)
    {
        var bytes = File.ReadAllBytes(file);
        for (var at = 0; at < bytes.Length; at += 16)
        {
            yield return BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(at));
        }
    }
}
