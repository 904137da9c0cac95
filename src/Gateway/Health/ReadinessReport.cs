namespace MeshGrains.Gateway.Health;

/// <summary>The answer of <c>/readyz</c>. Reasons are left out where strangers can ask.</summary>
internal sealed record ReadinessReport(bool Ready, IReadOnlyList<ReadinessReport.Check> Checks)
{
    public sealed record Check(string Name, bool Ready, string? Reason);

    public static ReadinessReport Of(IEnumerable<IReadinessCheck> checks, bool withReasons)
    {
        var results = checks
            .Select(check => (check.Name, Reason: check.NotReadyReason, check.Note))
            .Select(check => new Check(check.Name, check.Reason is null, withReasons ? check.Reason ?? check.Note : null))
            .ToArray();
        return new ReadinessReport(results.All(check => check.Ready), results);
    }
}
