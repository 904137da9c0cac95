namespace MeshGrains.Grains;

/// <summary>A restore from a backup as it was declared: who, why, when, and the numbers that count on from it.</summary>
public sealed record DeclaredRestore : StoredForm
{
    public required DateTimeOffset At { get; init; }

    public required string Actor { get; init; }

    public required string Reason { get; init; }

    public required long BundleNumber { get; init; }

    public required long DenialNumber { get; init; }

    /// <summary>Nothing is retired before.</summary>
    public required DateTimeOffset RetireGatesShutUntil { get; init; }
}
