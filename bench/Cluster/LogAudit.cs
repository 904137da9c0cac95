namespace MeshGrains.Bench;

/// <summary>What the issuance log says of certificates that clients hold.</summary>
/// <param name="Records">In the log, CA certificates included.</param>
/// <param name="Unrecorded">Received certificates that it does not know.</param>
/// <param name="DuplicateSerials">Serials that two records, or two received certificates, have.</param>
internal sealed record LogAudit(int Records, int Unrecorded, int DuplicateSerials)
{
    public static async Task<LogAudit> RunAsync(DrillCluster cluster, IReadOnlyCollection<UInt128> received, CancellationToken cancellationToken)
    {
        using var admin = await cluster.AdminAsync(cancellationToken);
        var log = await admin.ReadLogAsync(cancellationToken);
        var audit = Of(log, received);
        Progress.Say($"log: {audit.Records} records, {audit.Unrecorded} of {received.Count} certificates unknown to it, {audit.DuplicateSerials} duplicate serials");
        return audit;
    }

    /// <summary>The first finding of a walk over the log, in words.</summary>
    public static string First(IReadOnlyList<string> findings) => findings.Count == 0 ? "the log's chain is whole" : findings[0];

    public static LogAudit Of(LogContent log, IReadOnlyCollection<UInt128> received)
        => new(log.Records, log.CountMissing(received), log.Duplicates + received.Count - received.Distinct().Count());
}
