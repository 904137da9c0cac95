using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class RotationTests
{
    private static readonly DateTimeOffset Since = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly RotationGate AgentsShut = new(RotationGate.Agents, false, 2, ["spiffe://mesh.test/meshgrains/agent/n1 (bundle 6)"], "2 live agents", null);

    [Fact]
    public async Task Without_a_rotation_there_is_the_bundle_number_alone()
    {
        await using var host = await GatewayHost.StartAsync();

        var status = await host.AdminClient().GetFromJsonAsync<JsonElement>("/v1/rotation");

        Assert.False(status.TryGetProperty("rotation", out _));
        Assert.Equal((7, 0), (status.GetProperty("bundleNumber").GetInt64(), status.GetProperty("gates").GetArrayLength()));
    }

    [Fact]
    public async Task A_rotation_under_way_names_its_phase_its_gates_and_who_has_not_acknowledged()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
        {
            one.Log.Live["ca1"] = 5;
            one.Log.Live["of-the-next-root"] = 3;
            one.Log.Live["forgotten"] = 1;
            one.Grains.IssuingCas.Add(one.Grains.IssuingCas[0] with { AuthorityId = "of-the-next-root", RootAuthorityId = "root2" });
            one.Grains.Rotation = Running(RotationPhase.Distribute, AgentsShut, new(RotationGate.Silos, true, 0, [], "every silo", null));
        });

        var status = await host.AdminClient().GetFromJsonAsync<JsonElement>("/v1/rotation");

        var rotation = status.GetProperty("rotation");
        Assert.Equal(
            ("r1", "distribute", "root1", "root2", 8, true),
            (rotation.GetProperty("id").GetString(), rotation.GetProperty("phase").GetString(), rotation.GetProperty("leavingRoot").GetString(),
                rotation.GetProperty("stayingRoot").GetString(), rotation.GetProperty("waitsForBundle").GetInt64(), rotation.GetProperty("paused").GetBoolean()));
        Assert.Equal("forced", rotation.GetProperty("events")[0].GetProperty("event").GetString());
        Assert.Equal("ada passed by n7", rotation.GetProperty("events")[0].GetProperty("detail").GetString());
        var gate = status.GetProperty("gates")[0];
        Assert.Equal(("agents", false, 2), (gate.GetProperty("name").GetString(), gate.GetProperty("open").GetBoolean(), gate.GetProperty("waits").GetInt64()));
        Assert.Equal([AgentsShut.Names[0]], status.GetProperty("notAcknowledged").EnumerateArray().Select(name => name.GetString()));

        // What is under a CA that nobody knows any more counts as the leaving root's.
        Assert.Equal(6, status.GetProperty("chainsToLeavingRoot").GetInt64());
    }

    [Fact]
    public async Task A_start_carries_what_was_asked_for_and_the_key_of_the_call()
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/rotation")
        {
            Content = JsonContent.Create(new { reason = "stolen disk", compromised = true }), Headers = { { "Idempotency-Key", "op-1" } },
        };

        var reply = await host.AdminClient().SendAsync(request);

        Assert.Equal(HttpStatusCode.Accepted, reply.StatusCode);
        var rotation = (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("rotation");
        Assert.Equal(("op-1", "prepare", true), (rotation.GetProperty("id").GetString(), rotation.GetProperty("phase").GetString(), rotation.GetProperty("compromised").GetBoolean()));
        Assert.Equal((int)new RotationOptions().CompromisedReissueOver.TotalSeconds, rotation.GetProperty("reissueOverSeconds").GetInt32());
        Assert.False(rotation.TryGetProperty("stayingRoot", out _));
        Assert.Contains(host.Logs.Lines, line => line.Contains("began rotation op-1 of the root of mesh.test (compromised: True", StringComparison.Ordinal));
        Assert.Contains(host.Logs.Lines, line => line.Contains("did start rotation of root on mesh.test; reason: stolen disk", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("pause", nameof(RotationChange.Pause))]
    [InlineData("resume", nameof(RotationChange.Resume))]
    [InlineData("rollback", nameof(RotationChange.RollBack))]
    [InlineData("force", nameof(RotationChange.Force))]
    public async Task A_change_goes_to_the_trust_domain_with_its_reason_and_leaves_a_line(string verb, string change)
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Grains.Rotation = Running(RotationPhase.Activate, AgentsShut));

        var reply = await host.AdminClient().PostAsJsonAsync($"/v1/rotation/{verb}", new { reason = "as agreed", rotationId = "r1" });

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var call = Assert.Single(host.Grains.Calls, call => call.Contains("ChangeRotation", StringComparison.Ordinal));
        Assert.Contains($"Change = {change}, Reason = as agreed, Actor = uid:", call, StringComparison.Ordinal);
        Assert.Contains("RotationId = r1", call, StringComparison.Ordinal);
        Assert.Contains(host.Logs.Lines, line => line.Contains($"did {verb} rotation of root on mesh.test; reason: as agreed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_order_to_pass_gates_by_tells_which_were_shut()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Grains.Rotation = Running(
            RotationPhase.Distribute, AgentsShut, new(RotationGate.Fence, true, 0, [], "", null)));

        var reply = await host.AdminClient().PostAsJsonAsync("/v1/rotation/force", new { reason = "n1 is scrap" });

        var forced = Assert.Single((await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("forced").EnumerateArray());
        Assert.Equal(("agents", AgentsShut.Names[0]), (forced.GetProperty("name").GetString(), forced.GetProperty("missing")[0].GetString()));
        Assert.Contains(host.Logs.Lines, line => line.Contains($"shut at that moment: agents (2: {AgentsShut.Names[0]}); reason: n1 is scrap", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("/v1/rotation", """{"reason":""}""", "reason_missing")]
    [InlineData("/v1/rotation", """{}""", "body_malformed")]
    [InlineData("/v1/rotation", """{"reason":"x","reissueOverSeconds":-1}""", "reissue_over_malformed")]
    [InlineData("/v1/rotation/force", """{"reason":" "}""", "reason_missing")]
    [InlineData("/v1/rotation/rollback", """{"reason":"x","gates":["agents"]}""", "body_malformed")]
    [InlineData("/v1/rotation/pause?now=1", """{"reason":"x"}""", "parameter_unknown")]
    public async Task What_is_wrong_is_said_and_nothing_is_done(string path, string body, string reason)
    {
        await using var host = await GatewayHost.StartAsync();

        var reply = await host.AdminClient().PostAsync(path, new StringContent(body, System.Text.Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, reply.StatusCode);
        Assert.Equal(reason, (await reply.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
        Assert.Empty(host.Grains.Calls);
    }

    [Fact]
    public async Task A_bad_key_of_a_call_and_a_change_of_nothing_are_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/rotation")
        {
            Content = JsonContent.Create(new { reason = "x" }), Headers = { { "Idempotency-Key", "a b" } },
        };

        var bad = await host.AdminClient().SendAsync(request);
        var nothing = await host.AdminClient().PostAsJsonAsync("/v1/rotation/pause", new { reason = "x" });

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.Conflict), (bad.StatusCode, nothing.StatusCode));
        Assert.Equal("no_rotation", (await nothing.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString());
    }

    private static RotationStatus Running(RotationPhase phase, params RotationGate[] gates) => new(
        new RotationView(
            "r1", phase, "root1", "root2", Since, Since, 8, null, true, false, false, 0, false,
            [new(Since, RotationEventKind.Forced, phase, "ada", "ada passed by n7")], null),
        [.. gates], null, null);
}
