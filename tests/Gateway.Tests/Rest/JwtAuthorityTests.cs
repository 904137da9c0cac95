using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class JwtAuthorityTests
{
    [Fact]
    public async Task Keys_are_told_and_whom_a_prepared_one_waits_for()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Grains.JwtAuthorities = one.Grains.JwtAuthorities with
        {
            Silos = Shortfall.None, Agents = new Shortfall(30, ["agent-1"]), NotBefore = DateTimeOffset.UnixEpoch, AtLatest = FakeGrains.Effective,
        });

        var view = await host.AdminClient().GetFromJsonAsync<JsonElement>("/v1/jwt-authorities");

        var key = Assert.Single(view.GetProperty("keys").EnumerateArray());
        Assert.Equal(("k1", "active", 2), (key.GetProperty("keyId").GetString(), key.GetProperty("state").GetString(), key.GetProperty("bundleNumber").GetInt64()));
        var waiting = view.GetProperty("waiting");
        Assert.Equal((0, 30, "agent-1"), (waiting.GetProperty("silos").GetInt64(), waiting.GetProperty("agents").GetInt64(), waiting.GetProperty("agentsMissing")[0].GetString()));
    }

    [Fact]
    public async Task An_order_and_a_taint_need_a_reason_carry_the_actor_and_leave_a_line()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/jwt-authorities/rotate", new { reason = "" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await client.PostAsJsonAsync("/v1/jwt-authorities/k1/taint", new { })).StatusCode);
        Assert.Empty(host.Grains.Calls);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/jwt-authorities/k1/taint")
        {
            Content = JsonContent.Create(new { reason = "core dump" }), Headers = { { "Idempotency-Key", "job-1" } },
        };

        var rotated = await client.PostAsJsonAsync("/v1/jwt-authorities/rotate", new { reason = "quarterly" });
        var tainted = await client.SendAsync(request);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (rotated.StatusCode, tainted.StatusCode));
        Assert.False((await rotated.Content.ReadFromJsonAsync<JsonElement>()).TryGetProperty("waiting", out _));
        Assert.Contains("Reason = quarterly, Actor = uid:", host.Grains.Calls[0], StringComparison.Ordinal);
        Assert.Contains("OperationId = job-1, KeyId = k1, Reason = core dump, Actor = uid:", host.Grains.Calls[1], StringComparison.Ordinal);
        Assert.Contains(host.Logs.Lines, line => line.Contains("did taint JWT authority on k1; reason: core dump", StringComparison.Ordinal));
        Assert.Contains(host.Logs.Lines, line => line.Contains("did rotate JWT authority on main; reason: quarterly", StringComparison.Ordinal));
    }
}
