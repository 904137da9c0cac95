using System.Security.Cryptography;
using System.Text.Json.Nodes;
using MeshGrains.Agent.Svids;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>A root gives way under two agents with lives of seconds: one as it should be, and one that holds its stream and says nothing.</summary>
public sealed class RotationTests
{
    private const string Silent = $"spiffe://{SiloClient.TrustDomain}/meshgrains/agent/silent";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly string Own = $"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}";

    [Fact]
    public async Task A_silent_agent_alone_keeps_a_root_from_signing_until_it_is_passed_by_on_record_and_the_others_never_notice()
    {
        await using var stage = await AgentStage.StartAsync(
            "denials.lease=3s", "ca.allowShortLives=true", "ca.issuingCaTtl=200s", "ca.issuingCaBudgetPerHour=100", "ca.bundleRefreshHint=1s",
            "svid.defaultTtl=8s", "svid.maxTtl=20s", "svid.clockSkew=1s", "rotation.lookEvery=200ms", "rotation.hold=0s", "rotation.outsideLag=0s");
        await stage.EntryAsync("/web", [Own]);
        await stage.StartAgentAsync();
        await WorkloadClient.FetchAsync(stage.Socket);
        var state = stage.Agent!.StateOf();
        using var ended = new CancellationTokenSource();
        var silent = KeepSilentAsync(stage.Silo, ended.Token);

        await stage.Silo.PostAsync("/v1/rotation", new { reason = "yearly" });
        var waiting = await UntilAsync(stage, status => Phase(status) == "distribute" && Shut(status) is ["agents"] && Missing(status).Count == 1);
        Assert.Contains(Silent, Missing(waiting).Single(), StringComparison.Ordinal);
        Assert.Equal("distribute", Phase(await stage.Silo.GetAsync("/v1/rotation")));

        await stage.Silo.PostAsync("/v1/rotation/force", new { reason = "the silent one is in a sealed room" });
        var forced = await UntilAsync(stage, status => Phase(status) != "distribute");
        var record = Assert.Single(forced["rotation"]!["events"]!.AsArray(), one => (string?)one!["event"] == "forced");
        Assert.Contains(Silent, (string)record!["detail"]!, StringComparison.Ordinal);
        Assert.Contains("sealed room", (string)record["detail"]!, StringComparison.Ordinal);

        var done = await UntilAsync(stage, status => Phase(status) == "done");
        await ended.CancelAsync();
        await silent;
        var root = (string?)done["rotation"]!["stayingRoot"];
        await Eventually.HoldsAsync(
            () => state.Current.Svids.Values.Any() && state.Current.Bundles.Values.Any(held => held.Bundle.X509Authorities.Select(one => one.AuthorityId).SequenceEqual([root])),
            "the agent holds the staying root alone");
        Assert.Equal(["spiffe://test.mesh/web"], await WorkloadClient.FetchAsync(stage.Socket));
    }

    /// <summary>Attests and renews, so that it is on the roster; it acknowledges the first bundle and no other.</summary>
    private static async Task KeepSilentAsync(SiloClient silo, CancellationToken stop)
    {
        var (_, agent) = await RawAgent.AttestAsync(silo, await silo.JoinTokenAsync(Silent));
        while (!stop.IsCancellationRequested)
        {
            using var held = await agent.SyncAsync(bundleNumber: 1);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var renewed = await agent.RenewAsync(key);
            await Task.WhenAny(Task.Delay(TimeSpan.FromSeconds(2), stop));
            agent.Dispose();
            agent = new RawAgent(silo, RawAgent.Context(renewed.Svid, key));
        }

        agent.Dispose();
    }

    private static async Task<JsonNode> UntilAsync(AgentStage stage, Func<JsonNode, bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var status = await stage.Silo.GetAsync("/v1/rotation");
            if (holds(status))
            {
                return status;
            }

            Assert.False(patience.IsCancellationRequested, status.ToJsonString());
            await Task.Delay(100);
        }
    }

    private static string Phase(JsonNode status) => (string)status["rotation"]!["phase"]!;

    private static List<string> Shut(JsonNode status) =>
        [.. status["gates"]!.AsArray().Where(gate => !(bool)gate!["open"]!).Select(gate => (string)gate!["name"]!)];

    private static List<string> Missing(JsonNode status) => [.. status["notAcknowledged"]!.AsArray().Select(name => (string)name!)];
}
