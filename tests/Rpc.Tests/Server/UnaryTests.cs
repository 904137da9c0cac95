using Google.Protobuf.WellKnownTypes;

namespace MeshGrains.Rpc.Tests;

public sealed class UnaryTests
{
    private const string Echo = "/test.Echo/Unary";

    [Fact]
    public async Task A_request_reaches_its_handler_and_the_response_comes_back()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(Echo, StringValue.Parser, (request, _) => ValueTask.FromResult(new StringValue { Value = request.Value + "!" })));
        using RpcChannel channel = server.Connect();

        StringValue response = await channel.UnaryAsync(Echo, new StringValue { Value = "hello" }, StringValue.Parser);

        Assert.Equal("hello!", response.Value);
    }

    [Fact]
    public async Task A_handler_that_yields_answers_as_well()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(Echo, StringValue.Parser, async (request, _) =>
            {
                await Task.Yield();
                return new StringValue { Value = request.Value };
            }));
        using RpcChannel channel = server.Connect();

        StringValue response = await channel.UnaryAsync(Echo, new StringValue { Value = "later" }, StringValue.Parser);

        Assert.Equal("later", response.Value);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4086)]
    [InlineData(4091)]
    [InlineData(4096)]
    [InlineData(100_000)]
    [InlineData(4 * 1024 * 1024 - 5)]
    public async Task Messages_of_every_size_up_to_the_limit_pass_unchanged(int size)
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(Echo, BytesValue.Parser, (request, _) => ValueTask.FromResult(request)));
        using RpcChannel channel = server.Connect();
        byte[] bytes = new byte[size];
        new Random(size).NextBytes(bytes);

        BytesValue response = await channel.UnaryAsync(
            Echo, new BytesValue { Value = Google.Protobuf.ByteString.CopyFrom(bytes) }, BytesValue.Parser);

        Assert.Equal(bytes, response.Value.ToByteArray());
    }

    [Fact]
    public async Task A_status_thrown_by_the_handler_reaches_the_caller_with_its_trailers()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary<StringValue, StringValue>(Echo, StringValue.Parser, (_, _) => throw new RpcException(
                RpcStatusCode.NotFound, "no such thing: 100 % – ü", new RpcMetadata { { "why", "because" }, { "raw-bin", new byte[] { 0, 255 } } })));
        using RpcChannel channel = server.Connect();

        RpcException failure = await Assert.ThrowsAsync<RpcException>(
            () => channel.UnaryAsync(Echo, new StringValue(), StringValue.Parser));

        Assert.Equal(RpcStatusCode.NotFound, failure.StatusCode);
        Assert.Equal("no such thing: 100 % – ü", failure.Detail);
        Assert.Equal("because", failure.Trailers.Get("why"));
        Assert.Equal([0, 255], failure.Trailers.GetBinary("raw-bin"));
    }

    [Fact]
    public async Task An_unexpected_exception_becomes_UNKNOWN_with_an_id_that_the_log_knows_and_nothing_more()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary<StringValue, StringValue>(Echo, StringValue.Parser, (_, _) => throw new InvalidOperationException("the inner workings")));
        using RpcChannel channel = server.Connect();

        RpcException failure = await Assert.ThrowsAsync<RpcException>(
            () => channel.UnaryAsync(Echo, new StringValue(), StringValue.Parser));

        Assert.Equal(RpcStatusCode.Unknown, failure.StatusCode);
        Assert.DoesNotContain("inner workings", failure.Detail, StringComparison.Ordinal);
        string id = failure.Detail.Split(' ')[^1].TrimEnd('.');
        Assert.Contains(server.Log.Lines, line => line.Contains(id, StringComparison.Ordinal) && line.Contains("inner workings", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Headers_and_trailers_travel_both_ways()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(Echo, StringValue.Parser, (request, context) =>
            {
                Assert.Null(context.RequestHeaders.Get("grpc-timeout"));
                context.ResponseHeaders.Add("seen", string.Join('|', context.RequestHeaders.GetAll("twice").Select(entry => entry.Text)));
                context.ResponseTrailers.Add("seen-bin", context.RequestHeaders.GetBinary("raw-bin")!);
                return ValueTask.FromResult(request);
            }));
        using RpcChannel channel = server.Connect();
        var headers = new RpcMetadata { { "twice", "a" }, { "twice", "b" }, { "raw-bin", new byte[] { 1, 2, 3, 4 } } };

        RpcReply<StringValue> reply = await channel.UnaryReplyAsync(
            Echo, new StringValue(), StringValue.Parser, new RpcCallOptions { Headers = headers, Timeout = TimeSpan.FromMinutes(1) });

        Assert.Contains(reply.Headers.Get("seen"), new[] { "a|b", "a, b" });
        Assert.Equal([1, 2, 3, 4], reply.Trailers.GetBinary("seen-bin"));
    }
}
