using MeshGrains.Rpc.HealthV1;
using ServingStatus = MeshGrains.Rpc.HealthV1.HealthCheckResponse.Types.ServingStatus;

namespace MeshGrains.Rpc.Tests;

public sealed class RpcHealthTests
{
    private const string Check = "/grpc.health.v1.Health/Check";
    private const string Watch = "/grpc.health.v1.Health/Watch";

    [Fact]
    public async Task Check_tells_what_was_set_and_NOT_FOUND_for_the_rest()
    {
        var health = new RpcHealth();
        health.Set(RpcHealth.Server, RpcServingStatus.Serving);
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcHealth(health));
        using RpcChannel channel = server.Connect();

        Assert.Equal(ServingStatus.Serving, (await channel.UnaryAsync(Check, new HealthCheckRequest(), HealthCheckResponse.Parser)).Status);
        health.Set(RpcHealth.Server, RpcServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, (await channel.UnaryAsync(Check, new HealthCheckRequest(), HealthCheckResponse.Parser)).Status);
        RpcException failure = await Assert.ThrowsAsync<RpcException>(
            () => channel.UnaryAsync(Check, new HealthCheckRequest { Service = "other" }, HealthCheckResponse.Parser));
        Assert.Equal(RpcStatusCode.NotFound, failure.StatusCode);
    }

    [Fact]
    public async Task Watch_tells_each_change_once_and_ends_on_the_newest()
    {
        var health = new RpcHealth();
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcHealth(health));
        using RpcChannel channel = server.Connect();
        using RpcServerStreamingCall<HealthCheckResponse> watch = channel.ServerStreaming(
            Watch, new HealthCheckRequest { Service = "ca" }, HealthCheckResponse.Parser);

        Assert.Equal(ServingStatus.ServiceUnknown, (await watch.ReadAsync())!.Status);
        health.Set("another", RpcServingStatus.Serving);
        health.Set("ca", RpcServingStatus.Serving);
        Assert.Equal(ServingStatus.Serving, (await watch.ReadAsync())!.Status);
        health.Set("ca", RpcServingStatus.Serving);
        health.Set("ca", RpcServingStatus.NotServing);
        Assert.Equal(ServingStatus.NotServing, (await watch.ReadAsync())!.Status);
    }

    [Fact]
    public async Task Watchers_past_the_bound_are_refused_until_one_leaves()
    {
        var health = new RpcHealth();
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcHealth(health));
        using RpcChannel channel = server.Connect();
        List<IDisposable> others = [.. Enumerable.Range(0, RpcHealth.MaxWatchers).Select(_ => health.Watchers.Take())];

        using RpcServerStreamingCall<HealthCheckResponse> refused = channel.ServerStreaming(Watch, new HealthCheckRequest(), HealthCheckResponse.Parser);
        RpcException failure = await Assert.ThrowsAsync<RpcException>(async () => await refused.ReadAsync());
        Assert.Equal(RpcStatusCode.ResourceExhausted, failure.StatusCode);

        others[0].Dispose();
        others[0].Dispose();
        using RpcServerStreamingCall<HealthCheckResponse> taken = channel.ServerStreaming(Watch, new HealthCheckRequest(), HealthCheckResponse.Parser);
        Assert.Equal(ServingStatus.ServiceUnknown, (await taken.ReadAsync())!.Status);
        Assert.Throws<RpcException>(health.Watchers.Take);
    }
}
