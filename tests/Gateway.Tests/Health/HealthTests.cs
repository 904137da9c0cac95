using System.Net;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Rpc.HealthV1;

namespace MeshGrains.Gateway.Tests.Health;

public sealed class HealthTests
{
    [Fact]
    public async Task A_ready_gateway_says_so_on_every_listener()
    {
        await using var host = await GatewayHost.StartAsync();
        foreach (var client in new[] { host.OperationsClient(), host.Client(), host.AdminClient() })
        {
            Assert.Equal("ok\n", await client.GetStringAsync("/livez"));
            Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/readyz")).StatusCode);
        }
    }

    [Fact]
    public async Task Reasons_are_for_operators_not_for_strangers()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Issuance.NotReadyReason = "the denial set was not confirmed";
        host.Log.IsAvailable = false;
        var inside = JsonDocument.Parse(await (await host.OperationsClient().GetAsync("/readyz")).Content.ReadAsStringAsync()).RootElement;
        var checks = inside.GetProperty("checks").EnumerateArray().ToDictionary(check => check.GetProperty("name").GetString()!, check => check);
        Assert.Equal("the denial set was not confirmed", checks["issuance"].GetProperty("reason").GetString());
        Assert.False(checks["issuance-log"].GetProperty("ready").GetBoolean());
        Assert.True(checks["serving-certificate"].GetProperty("ready").GetBoolean());

        var outside = await host.Client().GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, outside.StatusCode);
        Assert.DoesNotContain("denial", await outside.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await host.OperationsClient().GetAsync("/livez")).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("istio.v1.auth.IstioCertificateService")]
    public async Task Grpc_health_answers_for_the_server_and_the_ca(string service)
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await host.Channel().UnaryAsync(
            "/grpc.health.v1.Health/Check", new HealthCheckRequest { Service = service }, HealthCheckResponse.Parser);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, reply.Status);
    }
}
