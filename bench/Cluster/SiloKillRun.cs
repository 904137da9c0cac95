namespace MeshGrains.Bench;

/// <summary>What the silo-kill drill's load saw. Times are seconds.</summary>
internal sealed record SiloKillRun
{
    public required double Seconds { get; init; }

    public required int Issued { get; init; }

    public required int Failures { get; init; }

    public string? FirstFailure { get; init; }

    public required int Retries { get; init; }

    public required LogAudit Audit { get; init; }

    public required int Checked { get; init; }

    public required int Invalid { get; init; }

    public string? FirstInvalid { get; init; }

    public required double LongestGap { get; init; }

    /// <summary>The longest gap that touches each phase.</summary>
    public required IReadOnlyList<(string Name, double Gap)> Phases { get; init; }

    public required int BundleChanges { get; init; }

    public required double ThawedBack { get; init; }

    public required IReadOnlyList<string> LogFindings { get; init; }
}
