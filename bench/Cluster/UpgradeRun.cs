namespace MeshGrains.Bench;

/// <summary>What the upgrade drill's load saw. Times are seconds.</summary>
internal sealed record UpgradeRun
{
    public required double Seconds { get; init; }

    public required int Issued { get; init; }

    public required IReadOnlyList<string> Failures { get; init; }

    public required int Retries { get; init; }

    public required int AdminCalls { get; init; }

    public required IReadOnlyList<string> AdminFailures { get; init; }

    public required int Registered { get; init; }

    /// <summary>Acknowledged, and in the end not shown by one silo or more.</summary>
    public required int LostRegistrations { get; init; }

    public required int Quarantined { get; init; }

    public required int LostDenials { get; init; }

    public required LogAudit Audit { get; init; }

    public required int Checked { get; init; }

    public required int Invalid { get; init; }

    public string? FirstInvalid { get; init; }

    public required double LongestGap { get; init; }

    /// <summary>The longest gap that touches each phase.</summary>
    public required IReadOnlyList<(string Name, double Gap)> Phases { get; init; }

    public required double Mixed { get; init; }

    public required bool RolledBack { get; init; }

    /// <summary>Why the upgrade stopped before its end; null when it came there.</summary>
    public string? Stuck { get; init; }

    public required int BundleChanges { get; init; }

    public required IReadOnlyList<string> LogFindings { get; init; }
}
