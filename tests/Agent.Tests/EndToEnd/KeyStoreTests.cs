using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Agent.Workloads;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>An agent starts anew while the control plane is away, and after its join token was used.</summary>
[Collection(nameof(OneSilo))]
public sealed class KeyStoreTests(OneSilo one)
{
    [Fact]
    public async Task With_a_disk_store_it_serves_at_once_without_a_control_plane_and_comes_back_without_a_token()
    {
        // The stage's own node: it alone may stop the silo.
        var stage = one.Stage;
        string[] settings = ["keyStore.mode=disk", $"keyStore.directory={Path.Combine(stage.Folder, "store")}"];
        await stage.EntryAsync("/app", [Own()]);
        await stage.StartAgentAsync(settings);
        Assert.Equal(["spiffe://test.mesh/app"], await WorkloadClient.FetchAsync(stage.Socket));
        File.Delete(stage.TokenFile);
        await stage.StopAgentAsync();
        await stage.StopSiloAsync();

        await stage.StartAgentAsync(settings);
        Assert.Equal(["spiffe://test.mesh/app"], await WorkloadClient.FetchOnceAsync(stage.Socket));

        await stage.StartSiloAsync();
        await Eventually.HoldsAsync(() => Link(stage).Current is not null, "it is connected again");
        await stage.EntryAsync("/later", [Own()]);
        await Eventually.HoldsAsync(() => State(stage).Current.Svids.Count == 2, "it gets what is new");
        Assert.Equal(AgentStage.AgentId, Link(stage).Identity!.SpiffeId);
        await stage.StopAgentAsync();
    }

    [Fact]
    public async Task With_a_memory_store_a_used_token_is_told_with_what_to_do()
    {
        await using var stage = await AgentStage.OnAsync(one.Stage, "forgetful");
        await stage.StartAgentAsync();
        await Eventually.HoldsAsync(() => Link(stage).Current is not null, "it is connected");
        await stage.StopAgentAsync();

        await stage.StartAgentAsync();
        await Eventually.HoldsAsync(() => Link(stage).Trouble.Contains("keyStore.mode: disk", StringComparison.Ordinal), "it says what to do");
        Assert.Contains(stage.TokenFile, Link(stage).Trouble, StringComparison.Ordinal);
    }

    private static string Own() => $"unix:uid:{ProcessStatus.Parse(File.ReadAllText("/proc/self/status"))!.UserId}";

    private static AgentState State(AgentStage stage) => stage.Agent!.StateOf();

    private static ControlPlaneLink Link(AgentStage stage) => stage.Agent!.LinkOf();
}
