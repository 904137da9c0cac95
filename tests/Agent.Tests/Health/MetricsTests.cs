using System.Text;
using MeshGrains.Agent.Tests.Kit;

namespace MeshGrains.Agent.Tests.Health;

public sealed class MetricsTests
{
    [SkippableFact]
    public async Task Promtool_finds_nothing_wrong_with_the_metrics()
    {
        var promtool = Tool.Require("promtool", "prometheus");
        await using var agent = await PlayedAgent.StartAsync();
        agent.Entry("app", "unix:uid:4711");
        agent.Metrics.Issued(1);
        agent.Metrics.Attested("ok");
        agent.Metrics.Connected("unavailable");
        agent.Metrics.Output("ok");
        agent.Metrics.Nacked();

        var metrics = await agent.HttpAsync("/metrics");
        var check = Tool.Run(promtool, ["check", "metrics"], Encoding.UTF8.GetBytes(metrics));

        Assert.True(check.ExitCode == 0, check.ToString());
        Assert.Equal("", check.Output + check.Errors);
        Assert.Contains("\nmeshgrains_agent_sds_nacks_total 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nmeshgrains_agent_ready 1\n", metrics, StringComparison.Ordinal);
        Assert.Contains("\nmeshgrains_agent_connected{trust_domain=\"test.mesh\"} 0\n", metrics, StringComparison.Ordinal);
        Assert.Contains("secrets refused by proxies: 1;", await agent.HttpAsync("/readyz"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_workloads_socket_has_no_operations_and_the_operations_listener_has_no_workload_API()
    {
        await using var agent = await PlayedAgent.StartAsync();
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
                await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(agent.Socket), cancel);
                return new System.Net.Sockets.NetworkStream(socket, ownsSocket: true);
            },
        };
        using var onSocket = new HttpClient(handler) { DefaultRequestVersion = new Version(2, 0), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var onOperations = new HttpClient();

        using var metrics = await onSocket.GetAsync("http://localhost/metrics");
        using var content = new ByteArrayContent([0, 0, 0, 0, 0]);
        content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue("application/grpc");
        using var svids = await onOperations.PostAsync($"http://127.0.0.1:{agent.OperationsPort}/SpiffeWorkloadAPI/FetchX509SVID", content);

        Assert.Equal(System.Net.HttpStatusCode.NotFound, metrics.StatusCode);
        Assert.Equal(System.Net.HttpStatusCode.NotFound, svids.StatusCode);
    }
}
