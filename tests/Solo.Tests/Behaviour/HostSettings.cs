namespace MeshGrains.Solo.Tests.Behaviour;

/// <summary>What a test asks of its host, in words that both hosts have.</summary>
public sealed record HostSettings
{
    public Probe Probe { get; init; } = new();

    /// <summary>The clock of timers and reminders; null for the real one.</summary>
    public TimeProvider? Clock { get; init; }

    /// <summary>How long an activation may go unused, on the system's clock: Orleans measures idleness by no other.</summary>
    public TimeSpan? CollectionAge { get; init; }

    public MemoryStorage Storage { get; init; } = new();

    public MemoryReminders Reminders { get; init; } = new();

    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public int MaxEnqueuedRequests { get; init; } = 1000;
}
