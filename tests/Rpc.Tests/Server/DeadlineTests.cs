using Google.Protobuf.WellKnownTypes;
using MeshGrains.Testing;

namespace MeshGrains.Rpc.Tests;

public sealed class DeadlineTests
{
    private const string Slow = "/test.Echo/Slow";

    [Fact]
    public async Task A_deadline_cancels_the_handler_and_the_caller_sees_DEADLINE_EXCEEDED()
    {
        var time = new FakeTimeProvider();
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            app => app.MapGrpcUnary(Slow, StringValue.Parser, async (StringValue request, RpcServerContext context) =>
            {
                Assert.Equal(TimeSpan.FromSeconds(5), context.TimeRemaining);
                Assert.Equal(time.GetUtcNow().AddSeconds(5), context.Deadline);
                Task cancelled = Task.Delay(Timeout.Infinite, context.CancellationToken);
                waiting.SetResult();
                await cancelled;
                return request;
            }),
            time: time);
        // The caller's own clock stands still: the status can only be the server's.
        using RpcChannel channel = server.Connect(new RpcChannelOptions { TimeProvider = new FakeTimeProvider() });
        Task<StringValue> call = channel.UnaryAsync(
            Slow, new StringValue(), StringValue.Parser, new RpcCallOptions { Timeout = TimeSpan.FromSeconds(5) });
        await waiting.Task;

        time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(call.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(RpcStatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task A_response_that_comes_after_the_deadline_is_not_sent()
    {
        var time = new FakeTimeProvider();
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            app => app.MapGrpcUnary(Slow, StringValue.Parser, (StringValue request, RpcServerContext _) =>
            {
                time.Advance(TimeSpan.FromSeconds(6));
                return ValueTask.FromResult(request);
            }),
            time: time);
        using RpcChannel channel = server.Connect(new RpcChannelOptions { TimeProvider = new FakeTimeProvider() });

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(
            Slow, new StringValue(), StringValue.Parser, new RpcCallOptions { Timeout = TimeSpan.FromSeconds(5) }));
        Assert.Equal(RpcStatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task The_caller_keeps_its_own_deadline_when_the_server_does_not()
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            app => app.MapGrpcUnary(Slow, StringValue.Parser, async (StringValue request, RpcServerContext context) =>
            {
                arrived.SetResult();
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
                return request;
            }),
            time: new FakeTimeProvider());
        var time = new FakeTimeProvider();
        using RpcChannel channel = server.Connect(new RpcChannelOptions { TimeProvider = time });
        Task<StringValue> call = channel.UnaryAsync(
            Slow, new StringValue(), StringValue.Parser, new RpcCallOptions { Timeout = TimeSpan.FromSeconds(5) });
        await arrived.Task;

        time.Advance(TimeSpan.FromSeconds(5));

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal(RpcStatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancelling_the_callers_token_cancels_the_handler_and_throws_OperationCanceledException(bool withDeadline)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RpcTestServer server = await RpcTestServer.StartAsync(
            app => app.MapGrpcUnary(Slow, StringValue.Parser, async (StringValue request, RpcServerContext context) =>
            {
                context.CancellationToken.Register(gone.SetResult);
                arrived.SetResult();
                await gone.Task;
                return request;
            }));
        using RpcChannel channel = server.Connect();
        using var cancel = new CancellationTokenSource();
        var options = new RpcCallOptions { Timeout = withDeadline ? TimeSpan.FromHours(1) : null };
        Task<StringValue> call = channel.UnaryAsync(Slow, new StringValue(), StringValue.Parser, options, cancel.Token);
        await arrived.Task;

        await cancel.CancelAsync();

        OperationCanceledException thrown = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(cancel.Token, thrown.CancellationToken);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }
}
