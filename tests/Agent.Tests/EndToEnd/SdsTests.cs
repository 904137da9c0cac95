using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.EndToEnd;

/// <summary>SDS with a real control plane behind it; the rules one by one are <see cref="ConformanceTests"/>.</summary>
public sealed class SdsTests
{
    [SkippableFact]
    public async Task Renewed_certificates_are_pushed_to_a_proxy_that_asked_once()
    {
        await using var stage = await AgentStage.StartAsync("ca.allowShortLives=true", "svid.defaultTtl=20s");
        await stage.EntryAsync("/proxy", [$"unix:uid:{Tool.Run("/usr/bin/id", ["-u"]).Output.Trim()}"], ttlSeconds: 8);
        await stage.StartAgentAsync();
        var state = stage.Agent!.StateOf();
        await Eventually.HoldsAsync(() => state.Current.Svids.Count == 1, "the entry arrives");

        await stage.CheckAsync("sds.py", "rotate", null, "3");
        await stage.CheckAsync("sds.py", "names", null, "test.mesh", "spiffe://test.mesh/proxy");
    }
}
