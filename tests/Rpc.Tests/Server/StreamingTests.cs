using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;

namespace MeshGrains.Rpc.Tests;

public sealed class StreamingTests
{
    private const string Count = "/test.Streams/Count";
    private const string Sum = "/test.Streams/Sum";
    private const string Chat = "/test.Streams/Chat";

    [Fact]
    public async Task A_server_stream_delivers_every_message_in_order_and_then_the_status()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(MapAll);
        using RpcChannel channel = server.Connect();
        using RpcServerStreamingCall<Int32Value> call = channel.ServerStreaming(Count, new Int32Value { Value = 1000 }, Int32Value.Parser);

        var received = new List<int>();
        await foreach (Int32Value number in call)
        {
            received.Add(number.Value);
        }

        Assert.Equal(Enumerable.Range(0, 1000), received);
        Assert.Equal("1000", call.Trailers.Get("sent"));
    }

    [Fact]
    public async Task An_empty_server_stream_is_OK()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(MapAll);
        using RpcChannel channel = server.Connect();
        using RpcServerStreamingCall<Int32Value> call = channel.ServerStreaming(Count, new Int32Value(), Int32Value.Parser);

        Assert.Null(await call.ReadAsync());
        Assert.Equal("0", call.Trailers.Get("sent"));
    }

    [Fact]
    public async Task A_failure_after_some_messages_comes_after_them()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcServerStreaming<Int32Value, Int32Value>(Count, Int32Value.Parser, async (_, responses, _) =>
            {
                await responses.WriteAsync(new Int32Value { Value = 7 });
                throw new RpcException(RpcStatusCode.DataLoss, "the rest is gone");
            }));
        using RpcChannel channel = server.Connect();
        using RpcServerStreamingCall<Int32Value> call = channel.ServerStreaming(Count, new Int32Value(), Int32Value.Parser);

        Assert.Equal(7, (await call.ReadAsync())!.Value);
        RpcException failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync());
        Assert.Equal((RpcStatusCode.DataLoss, "the rest is gone"), (failure.StatusCode, failure.Detail));
    }

    [Fact]
    public async Task A_client_stream_is_summed_up()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(MapAll);
        using RpcChannel channel = server.Connect();
        using RpcClientStreamingCall<Int32Value, Int32Value> call = channel.ClientStreaming<Int32Value, Int32Value>(Sum, Int32Value.Parser);
        for (int i = 1; i <= 500; i++)
        {
            await call.WriteAsync(new Int32Value { Value = i });
        }

        Assert.Equal(125_250, (await call.CompleteAsync()).Value);
    }

    [Fact]
    public async Task A_client_stream_of_more_than_any_body_limit_passes_message_by_message()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcClientStreaming(Sum, BytesValue.Parser, async (RpcRequestReader<BytesValue> requests, RpcServerContext _) =>
            {
                long bytes = 0;
                await foreach (BytesValue request in requests)
                {
                    bytes += request.Value.Length;
                }

                return new Int64Value { Value = bytes };
            }));
        using RpcChannel channel = server.Connect();
        using RpcClientStreamingCall<BytesValue, Int64Value> call = channel.ClientStreaming<BytesValue, Int64Value>(Sum, Int64Value.Parser);
        var chunk = new BytesValue { Value = Google.Protobuf.ByteString.CopyFrom(new byte[1_000_000]) };
        for (int i = 0; i < 40; i++)
        {
            await call.WriteAsync(chunk);
        }

        Assert.Equal(40_000_000, (await call.CompleteAsync()).Value);
    }

    [Fact]
    public async Task A_duplex_call_answers_each_message_before_the_next_is_sent()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(MapAll);
        using RpcChannel channel = server.Connect();
        using RpcDuplexCall<StringValue, StringValue> call = channel.Duplex<StringValue, StringValue>(Chat, StringValue.Parser);

        Assert.Equal("welcome", (await call.ReadAsync())!.Value);
        for (int i = 0; i < 50; i++)
        {
            await call.WriteAsync(new StringValue { Value = $"{i}" });
            Assert.Equal($"{i}?", (await call.ReadAsync())!.Value);
        }

        call.CompleteRequests();
        Assert.Null(await call.ReadAsync());
    }

    [Fact]
    public async Task A_read_that_a_handler_left_behind_takes_nothing_of_the_next_call()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcDuplex<StringValue, StringValue>(Chat, StringValue.Parser, async (requests, responses, _) =>
            {
                StringValue first = (await requests.ReadAsync())!;
                Task<StringValue?> ahead = requests.ReadAsync().AsTask();
                if (first.Value == "leave")
                {
                    throw new RpcException(RpcStatusCode.PermissionDenied, "No.");
                }

                await responses.WriteAsync(new StringValue { Value = (await ahead)!.Value });
            }));
        using RpcChannel channel = server.Connect();
        for (int i = 0; i < 50; i++)
        {
            using (RpcDuplexCall<StringValue, StringValue> left = channel.Duplex<StringValue, StringValue>(Chat, StringValue.Parser))
            {
                await left.WriteAsync(new StringValue { Value = "leave" });
                Assert.Equal(RpcStatusCode.PermissionDenied, (await Assert.ThrowsAsync<RpcException>(() => left.ReadAsync().AsTask())).StatusCode);
            }

            using RpcDuplexCall<StringValue, StringValue> next = channel.Duplex<StringValue, StringValue>(Chat, StringValue.Parser);
            await next.WriteAsync(new StringValue { Value = "stay" });
            await next.WriteAsync(new StringValue { Value = "mine" });
            Assert.Equal("mine", (await next.ReadAsync())!.Value);
        }
    }

    [Fact]
    public async Task A_server_that_ends_early_tells_the_writer_its_status()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcDuplex<StringValue, StringValue>(
                Chat, StringValue.Parser, (_, _, _) => throw new RpcException(RpcStatusCode.PermissionDenied, "not you")));
        using RpcChannel channel = server.Connect();
        using RpcDuplexCall<StringValue, StringValue> call = channel.Duplex<StringValue, StringValue>(Chat, StringValue.Parser);

        RpcException failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync());
        Assert.Equal(RpcStatusCode.PermissionDenied, failure.StatusCode);
        failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
            {
                await call.WriteAsync(new StringValue { Value = "still here" });
            }
        });
        Assert.Equal(RpcStatusCode.PermissionDenied, failure.StatusCode);
    }

    [Fact]
    public async Task Writes_wait_for_a_reader_that_does_not_read()
    {
        var written = new StrongBox<int>();
        var stuck = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcServerStreaming<Int32Value, BytesValue>(Count, Int32Value.Parser, async (_, responses, _) =>
            {
                var chunk = new BytesValue { Value = Google.Protobuf.ByteString.CopyFrom(new byte[500_000]) };
                for (int i = 0; i < 200; i++)
                {
                    Task writing = responses.WriteAsync(chunk).AsTask();
                    if (!writing.IsCompleted)
                    {
                        stuck.TrySetResult();
                    }

                    await writing;
                    written.Value++;
                }
            }));
        using RpcChannel channel = server.Connect();
        using RpcServerStreamingCall<BytesValue> call = channel.ServerStreaming(Count, new Int32Value(), BytesValue.Parser);
        await call.GetHeadersAsync();
        await stuck.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.True(written.Value < 200);

        int received = 0;
        while (await call.ReadAsync() is not null)
        {
            received++;
        }

        Assert.Equal(200, received);
    }

    [Fact]
    public async Task Two_writes_at_once_are_refused()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcServerStreaming<Int32Value, BytesValue>(Count, Int32Value.Parser, async (_, responses, context) =>
            {
                var chunk = new BytesValue { Value = Google.Protobuf.ByteString.CopyFrom(new byte[1_000_000]) };
                Task pending = Task.CompletedTask;
                while (pending.IsCompleted)
                {
                    await pending;
                    pending = responses.WriteAsync(chunk).AsTask();
                }

                await Assert.ThrowsAsync<InvalidOperationException>(() => responses.WriteAsync(chunk).AsTask());
                context.ResponseTrailers.Add("refused", "yes");
                await pending;
            }));
        using RpcChannel channel = server.Connect();
        using RpcServerStreamingCall<BytesValue> call = channel.ServerStreaming(Count, new Int32Value(), BytesValue.Parser);
        while (await call.ReadAsync() is not null)
        {
        }

        Assert.Equal("yes", call.Trailers.Get("refused"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Disposing_a_call_cancels_its_handler_before_and_after_the_first_answer(bool headersFirst)
    {
        var arrived = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcServerStreaming<Int32Value, Int32Value>(Count, Int32Value.Parser, async (_, responses, context) =>
            {
                context.CancellationToken.Register(gone.SetResult);
                if (headersFirst)
                {
                    await responses.SendHeadersAsync();
                }

                arrived.SetResult();
                await gone.Task;
            }));
        using RpcChannel channel = server.Connect();
        using (RpcServerStreamingCall<Int32Value> call = channel.ServerStreaming(Count, new Int32Value(), Int32Value.Parser))
        {
            await arrived.Task;
            if (headersFirst)
            {
                await call.GetHeadersAsync();
            }
        }

        await gone.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static void MapAll(WebApplication app)
    {
        app.MapGrpcServerStreaming<Int32Value, Int32Value>(Count, Int32Value.Parser, async (request, responses, context) =>
        {
            for (int i = 0; i < request.Value; i++)
            {
                await responses.WriteAsync(new Int32Value { Value = i });
            }

            context.ResponseTrailers.Add("sent", $"{request.Value}");
        });
        app.MapGrpcClientStreaming(Sum, Int32Value.Parser, async (RpcRequestReader<Int32Value> requests, RpcServerContext _) =>
        {
            int sum = 0;
            await foreach (Int32Value request in requests)
            {
                sum += request.Value;
            }

            return new Int32Value { Value = sum };
        });
        app.MapGrpcDuplex<StringValue, StringValue>(Chat, StringValue.Parser, async (requests, responses, _) =>
        {
            await responses.WriteAsync(new StringValue { Value = "welcome" });
            while (await requests.ReadAsync() is { } request)
            {
                await responses.WriteAsync(new StringValue { Value = request.Value + "?" });
            }
        });
    }
}
