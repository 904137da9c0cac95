using Orleans;
using Orleans.Concurrency;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

/// <summary>Holds its turn until the test lets go of it.</summary>
[Alias("solo.tests.ITurnsGrain")]
public interface ITurnsGrain : IGrainWithStringKey
{
    /// <summary>Marks <c>in:name</c>, waits for the gate <c>name</c>, marks <c>out:name</c>.</summary>
    [Alias("Hold")]
    Task Hold(string name);

    [AlwaysInterleave]
    [Alias("HoldAside")]
    Task HoldAside(string name);

    [ReadOnly]
    [Alias("HoldReading")]
    Task HoldReading(string name);

    [AlwaysInterleave]
    [Alias("Peek")]
    Task<string> Peek();

    [OneWay]
    [Alias("Tell")]
    Task Tell(string name);

    /// <summary>Adds one in several turns; returns the activation's count, and throws when two turns met.</summary>
    [Alias("Add")]
    Task<int> Add();

    [Alias("HoldUntilCancelled")]
    Task<bool> HoldUntilCancelled(string name, CancellationToken cancellationToken);

    [Alias("StaysOnItsScheduler")]
    ValueTask<bool> StaysOnItsScheduler();

    /// <summary>Has that other grain hold, through a call of its own.</summary>
    [Alias("Through")]
    Task<string> Through(string other);

    [Alias("Myself")]
    Task<ITurnsGrain> Myself();

    [Alias("Fail")]
    Task Fail(string message);

    [Alias("SetLocal")]
    Task<string?> AmbientValue();
}
