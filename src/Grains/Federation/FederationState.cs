using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// The stored state of a relationship with one foreign trust domain. <see cref="Number"/> 0 means that there never was one. A deleted one leaves its number
/// behind, so that what comes later under the same name has a higher one.
/// </summary>
public sealed record FederationState : StoredForm
{
    public string? Url { get; init; }

    public string? Profile { get; init; }

    public string? EndpointSpiffeId { get; init; }

    /// <summary>PEM; null for the system's.</summary>
    public string? WebRoots { get; init; }

    /// <summary>Stated by the configuration.</summary>
    public bool Configured { get; init; }

    public bool Deleted { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The bundle to begin with, as it was given; null when there was none.</summary>
    public byte[]? Bootstrap { get; init; }

    /// <summary>The last good bundle, byte for byte as it was verified.</summary>
    public byte[]? Bundle { get; init; }

    /// <summary>What of it is trusted at the time, written anew.</summary>
    public byte[]? Trusted { get; init; }

    /// <summary>Keys of the bundle that are not trusted, and why.</summary>
    public ImmutableArray<string>? LeftOut { get; init; }

    /// <summary>When what is trusted changes without a fetch: a root begins or ends.</summary>
    public DateTimeOffset? ReviewAt { get; init; }

    /// <summary>The highest <c>spiffe_sequence</c> ever taken; null while none was.</summary>
    public ulong? Sequence { get; init; }

    public int? RefreshHintSeconds { get; init; }

    /// <summary>Ours, for agents: grows with every change of what is trusted, by the clock where that is ahead, so that a restored store does not repeat one.</summary>
    public long Number { get; init; }

    public DateTimeOffset? ChangedAt { get; init; }

    public DateTimeOffset? NextAt { get; init; }

    public DateTimeOffset? LastSuccessAt { get; init; }

    public DateTimeOffset? LastFailureAt { get; init; }

    /// <summary>A stable word; null while the last fetch was good.</summary>
    public string? FailureReason { get; init; }

    public string? Failure { get; init; }

    /// <summary>Failures since the last success.</summary>
    public int Failures { get; init; }

    public string? OperationId { get; init; }
}
