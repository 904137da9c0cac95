using Orleans;

namespace MeshGrains.Solo.Tests.Behaviour.Grains;

[Alias("solo.tests.ITallyGrain")]
public interface ITallyGrain : IGrainWithStringKey
{
    /// <summary>A number that no other activation has.</summary>
    [Alias("Activation")]
    Task<long> Activation();

    [Alias("Read")]
    Task<(int Value, bool Exists)> Read();

    [Alias("Add")]
    Task<int> Add(int by);

    [Alias("AddThrice")]
    Task<int> AddThrice();

    [Alias("Clear")]
    Task Clear();

    /// <summary>Adds through another tally grain, and lets its failure out.</summary>
    [Alias("AddThrough")]
    Task<int> AddThrough(string other);

    [Alias("Leave")]
    Task Leave();

    [Alias("LeaveAfter")]
    Task LeaveAfter(string gate);

    [Alias("Refuse")]
    Task Refuse(int limit);

    [Alias("UseStateElsewhere")]
    Task<bool> StateIsRefusedOutsideTurns();
}
