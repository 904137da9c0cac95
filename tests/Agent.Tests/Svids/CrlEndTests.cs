using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Hosting;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Tests;

public sealed class CrlEndTests
{
    [Fact]
    public async Task A_revocation_list_is_dropped_when_it_ends_although_no_control_plane_is_there()
    {
        var (time, clues, ca) = (new FakeTimeProvider(), new Clues<SvidRenewer>(), new MeshCa());
        var state = new AgentState(ca.TrustDomain, ca.Bundle(0));
        state.Apply(new AgentUpdate { RevocationLists = ca.Lists(time.GetUtcNow().AddSeconds(40)) });
        using var renewer = new SvidRenewer(
            state, new SvidDemand(), new ReissueSchedule(state, time), new ControlPlaneLink(time), new AgentConfiguration(), clues.Metrics, new SystemJitter(), time, clues);
        await renewer.StartAsync(CancellationToken.None);
        await Eventually.HoldsAsync(() => time.ActiveTimers > 0, "it waits");
        Assert.Equal(2, state.Current.Crls!.Lists.Length);

        time.Advance(TimeSpan.FromSeconds(40));
        await Eventually.HoldsAsync(() => state.Current.Crls!.Lists.Length == 1, "the one that ended is gone");
        await Eventually.HoldsAsync(() => clues.Lines.Any(line => line.Contains("1 revocation lists ended", StringComparison.Ordinal)), "and it is told");
        await renewer.StopAsync(CancellationToken.None);
    }
}
