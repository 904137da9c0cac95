using System.Threading.Channels;
using MeshGrains.Agent.Sds;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using MeshGrains.Rpc.Envoy.Discovery;

namespace MeshGrains.Agent.Tests.Sds;

/// <summary>Streams against clients that are no gentlemen, without a socket.</summary>
public sealed class SecretStreamTests
{
    [Fact]
    public async Task A_client_that_asks_without_pause_and_never_reads_waits_for_itself()
    {
        using var stage = new SdsStage();
        using var ending = new CancellationTokenSource();
        var (read, written) = (0, 0);
        var stuck = new TaskCompletionSource();
        var serving = new SecretStream(stage.Session(), stage.Node).ServeAsync(
            _ => ValueTask.FromResult<DiscoveryRequest?>(new DiscoveryRequest { ResourceNames = { Interlocked.Increment(ref read) % 2 == 0 ? "default" : "ROOTCA" } }),
            async _ =>
            {
                Interlocked.Increment(ref written);
                await stuck.Task.WaitAsync(ending.Token);
            },
            ending.Token);
        await Eventually.HoldsAsync(() => Volatile.Read(ref written) == 1, "the first answer is written");

        // Whatever changes meanwhile, and whatever is asked: one answer under way, one request read ahead.
        for (var i = 0; i < 200; i++)
        {
            stage.Renew("app");
        }

        Assert.False(serving.IsCompleted);
        Assert.Equal((2, 1), (Volatile.Read(ref read), Volatile.Read(ref written)));
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
        Assert.Equal(0, stage.Consumers.Count);
    }

    [Fact]
    public async Task A_delta_client_that_asks_without_pause_and_never_reads_waits_for_itself()
    {
        using var stage = new SdsStage();
        using var ending = new CancellationTokenSource();
        var (read, written) = (0, 0);
        var serving = new DeltaStream(stage.Session(), stage.Node).ServeAsync(
            _ => ValueTask.FromResult<DeltaDiscoveryRequest?>(new DeltaDiscoveryRequest { ResourceNamesSubscribe = { $"name-{Interlocked.Increment(ref read)}" } }),
            async _ =>
            {
                Interlocked.Increment(ref written);
                await Task.Delay(Timeout.Infinite, ending.Token);
            },
            ending.Token);
        await Eventually.HoldsAsync(() => Volatile.Read(ref written) == 1, "the first answer is written");

        stage.Renew("app");

        Assert.Equal((2, 1), (Volatile.Read(ref read), Volatile.Read(ref written)));
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => serving);
    }

    [Fact]
    public async Task A_slow_client_gets_the_newest_state_and_none_between()
    {
        using var stage = new SdsStage();
        await using var client = new Client(stage);
        await client.AskAsync("default");
        await client.TakenAsync();
        client.IsSlow = true;
        stage.Renew("app");
        await Eventually.HoldsAsync(() => client.Waiting == 1, "an answer is under way");
        for (var i = 0; i < 50; i++)
        {
            stage.Renew("app");
        }

        client.IsSlow = false;
        await client.TakenAsync();
        var last = await client.TakenAsync();

        Assert.Equal(stage.Secrets().Find("default"), Assert.Single(last.Resources));
        Assert.Equal("3", last.VersionInfo);
    }

    [Fact]
    public async Task A_consumer_holds_a_bundle_when_it_has_acknowledged_it_and_not_when_it_refused_it()
    {
        using var stage = new SdsStage();
        await using var client = new Client(stage);
        await client.AskAsync("ROOTCA");
        var one = await client.TakenAsync();
        await client.AskAsync("ROOTCA", one);
        stage.State.Apply(new AgentUpdate { Bundles = { stage.Ca.Wire(2) } });
        var two = await client.TakenAsync();
        Assert.Equal(1, stage.Consumers.Lowest(2));

        await client.AskAsync("ROOTCA", two, error: "no");
        await Eventually.HoldsAsync(() => stage.Metrics.Nacks == 1, "the refusal is counted");
        Assert.Equal(1, stage.Consumers.Lowest(2));
        await client.AskAsync("ROOTCA", two);
        await Eventually.HoldsAsync(() => stage.Consumers.Lowest(2) == 2, "the acknowledgement is taken");
    }

    [Fact]
    public void A_proxy_that_goes_on_refusing_is_counted_each_time_and_logged_now_and_then()
    {
        using var stage = new SdsStage();
        var session = stage.Session();
        session.Note(new Rpc.Envoy.Core.Node { Id = "edge\n1" });
        for (var i = 0; i < 500; i++)
        {
            session.Nacked("bad\ncertificate");
        }

        stage.Time.Advance(TimeSpan.FromSeconds(11));
        session.Nacked("still bad");

        Assert.Equal(501, stage.Metrics.Nacks);
        Assert.Equal(2, stage.Log.All.Count);
        Assert.Contains("node 'edge?1') refused a secret: bad?certificate", stage.Log.All[0], StringComparison.Ordinal);
        Assert.EndsWith("still bad (and 499 more since it was last told)", stage.Log.All[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_resource_type_ends_the_stream()
    {
        using var stage = new SdsStage();

        var refused = await Assert.ThrowsAsync<RpcException>(() => new SecretStream(stage.Session(), stage.Node).ServeAsync(
            _ => ValueTask.FromResult<DiscoveryRequest?>(new DiscoveryRequest { TypeUrl = "type.googleapis.com/envoy.config.cluster.v3.Cluster" }),
            _ => ValueTask.CompletedTask, CancellationToken.None));

        Assert.Equal(RpcStatusCode.InvalidArgument, refused.StatusCode);
    }

    /// <summary>The other end of a stream.</summary>
    private sealed class Client : IAsyncDisposable
    {
        private readonly Channel<DiscoveryRequest> _requests = Channel.CreateUnbounded<DiscoveryRequest>();
        private readonly Channel<DiscoveryResponse> _responses = Channel.CreateUnbounded<DiscoveryResponse>();
        private readonly CancellationTokenSource _ending = new(TimeSpan.FromSeconds(60));
        private readonly Task _serving;
        private int _waiting;

        public Client(SdsStage stage) => _serving = new SecretStream(stage.Session(), stage.Node).ServeAsync(
            async token => await _requests.Reader.ReadAsync(token), WriteAsync, _ending.Token);

        public bool IsSlow { get; set; }

        public int Waiting => Volatile.Read(ref _waiting);

        public async Task AskAsync(string name, DiscoveryResponse? after = null, string? error = null) => await _requests.Writer.WriteAsync(new DiscoveryRequest
        {
            ResourceNames = { name }, ResponseNonce = after?.Nonce ?? "", VersionInfo = after?.VersionInfo ?? "",
            ErrorDetail = error is null ? null : new Google.Rpc.Status { Code = 3, Message = error },
        });

        public async Task<DiscoveryResponse> TakenAsync() => await _responses.Reader.ReadAsync(_ending.Token);

        public async ValueTask DisposeAsync()
        {
            await _ending.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _serving);
            _ending.Dispose();
        }

        private async ValueTask WriteAsync(DiscoveryResponse response)
        {
            Interlocked.Increment(ref _waiting);
            await Eventually.HoldsAsync(() => !IsSlow, "the client reads again");
            Interlocked.Decrement(ref _waiting);
            await _responses.Writer.WriteAsync(response);
        }
    }
}
