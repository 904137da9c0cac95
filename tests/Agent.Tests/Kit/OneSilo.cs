namespace MeshGrains.Agent.Tests.Kit;

/// <summary>A control plane for all tests that ask nothing special of theirs: each takes a node of its own (<see cref="AgentStage.OnAsync"/>), so that none sees another's entries.</summary>
[CollectionDefinition(nameof(OneSilo))]
public sealed class OneSilo : IAsyncLifetime, ICollectionFixture<OneSilo>
{
    internal AgentStage Stage { get; private set; } = null!;

    /// <summary>What its agents get they get by push.</summary>
    public async Task InitializeAsync() => Stage = await AgentStage.StartAsync("agents.reread=1h");

    public async Task DisposeAsync()
    {
        if (Stage is not null)
        {
            await Stage.DisposeAsync();
        }
    }
}
