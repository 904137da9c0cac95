using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Kit;

/// <summary>Control planes of two trust domains that know nothing of each other, for all tests that need two: each takes a node of its own. The agent is the test's.</summary>
[CollectionDefinition(nameof(TwoDomains))]
public sealed class TwoDomains : IAsyncLifetime, ICollectionFixture<TwoDomains>
{
    public const string Other = "other.mesh";

    internal AgentStage Stage { get; private set; } = null!;

    /// <summary>The second one; its federation endpoint is open.</summary>
    internal SiloProcess OtherSilo { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Stage = await AgentStage.StartAsync();
        OtherSilo = await SiloProcess.StartAsync(Path.Combine(Stage.Folder, "other"), ["--set", "federation.endpoint.listen=127.0.0.1:0"], trustDomain: Other);
        await OtherSilo.ReadyAsync(withTemplates: false);
    }

    public async Task DisposeAsync()
    {
        if (OtherSilo is not null)
        {
            await OtherSilo.DisposeAsync();
        }

        if (Stage is not null)
        {
            await Stage.DisposeAsync();
        }
    }
}
