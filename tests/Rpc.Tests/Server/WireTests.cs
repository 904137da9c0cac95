using System.Net;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MeshGrains.Rpc.Tests;

public sealed class WireTests
{
    private const string Unary = "/test.Echo/Unary";
    private const string Sum = "/test.Echo/Sum";

    public static TheoryData<string, byte[], RpcStatusCode> BadBodies() => new()
    {
        { "nothing at all", [], RpcStatusCode.Unimplemented },
        { "one byte of a header", [0], RpcStatusCode.Internal },
        { "a header without its message", RawCall.Frame([], length: 3), RpcStatusCode.Internal },
        { "half a message", RawCall.Frame("ab"u8, length: 3), RpcStatusCode.Internal },
        { "a byte after the message", [.. RawCall.Frame([]), 0], RpcStatusCode.Unimplemented },
        { "two messages", [.. RawCall.Frame([]), .. RawCall.Frame([])], RpcStatusCode.Unimplemented },
        { "flag 2", RawCall.Frame([], flag: 2), RpcStatusCode.Internal },
        { "flag 255 alone", [255], RpcStatusCode.Internal },
        { "compressed without a declared encoding", RawCall.Frame([1, 2], flag: 1), RpcStatusCode.Internal },
        { "a length one over the limit", RawCall.Frame([], length: 1025), RpcStatusCode.ResourceExhausted },
        { "the largest length", RawCall.Frame([], length: uint.MaxValue), RpcStatusCode.ResourceExhausted },
        { "a length that is negative when signed", RawCall.Frame([], length: 0x8000_0000), RpcStatusCode.ResourceExhausted },
        { "no protobuf", RawCall.Frame([0xff, 0xff, 0xff]), RpcStatusCode.Internal },
        { "protobuf of group nesting", RawCall.Frame([.. Enumerable.Repeat((byte)0x0b, 1000)]), RpcStatusCode.Internal },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_malformed_unary_body_is_refused_with_its_status_and_no_message(string what, byte[] body, RpcStatusCode expected)
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, body);

        Assert.True(answer.HttpStatus == 200 && answer.Status == expected, $"{what}: {answer}");
        Assert.Empty(answer.Body);
        Assert.NotNull(answer.HeaderStatus);
        Assert.DoesNotContain(server.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task A_malformed_stream_is_refused_with_its_status(string what, byte[] body, RpcStatusCode expected)
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, Sum, body);

        // Any number of messages is right for a stream, and one byte more is half a message.
        RpcStatusCode inStream = what switch
        {
            "nothing at all" or "two messages" => RpcStatusCode.Ok,
            "a byte after the message" => RpcStatusCode.Internal,
            _ => expected,
        };
        Assert.True(answer.Status == inStream, $"{what}: {answer}");
    }

    [Fact]
    public async Task A_compressed_message_is_UNIMPLEMENTED_and_the_answer_names_what_is_taken()
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([1, 2], flag: 1), headers: ("grpc-encoding", "gzip"));

        Assert.Equal(RpcStatusCode.Unimplemented, answer.Status);
        Assert.Equal("identity", answer.AcceptEncoding);
    }

    [Fact]
    public async Task A_declared_encoding_does_not_hinder_a_message_that_is_not_compressed()
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("grpc-encoding", "gzip"));

        Assert.Equal((RpcStatusCode.Ok, "0"), (answer.Status, answer.TrailerStatus));
        Assert.Equal(RawCall.Frame([]), answer.Body);
    }

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc+proto")]
    [InlineData("application/grpc; charset=utf-8")]
    [InlineData("APPLICATION/GRPC+PROTO;x=y")]
    public async Task Every_spelling_of_the_content_type_is_taken(string contentType)
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), contentType);

        Assert.Equal(RpcStatusCode.Ok, answer.Status);
        Assert.Equal("application/grpc", answer.ContentType);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc+json")]
    [InlineData("application/grpcx")]
    [InlineData(null)]
    public async Task Any_other_content_type_is_415(string? contentType)
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), contentType);

        Assert.Equal(415, answer.HttpStatus);
        Assert.Null(answer.HeaderStatus);
    }

    [Fact]
    public async Task A_GET_is_405() =>
        Assert.Equal(405, await WithServerAsync(async server => (await RawCall.SendAsync(server.Address, Unary, [], method: HttpMethod.Get)).HttpStatus));

    [Fact]
    public async Task HTTP_1_is_told_to_upgrade()
    {
        // Without TLS nothing negotiates the protocol, so this endpoint speaks HTTP/1.1 alone.
        await using RpcTestServer server = await RpcTestServer.StartAsync(Map, listen: endpoint => endpoint.Protocols = HttpProtocols.Http1);

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), version: HttpVersion.Version11);

        Assert.Equal(426, answer.HttpStatus);
    }

    [Theory]
    [InlineData("/test.Echo/Unknown")]
    [InlineData("/nobody.Knows/This")]
    [InlineData("/one")]
    [InlineData("/a/b/c/d")]
    [InlineData("/")]
    public async Task A_gRPC_request_for_what_nobody_serves_is_UNIMPLEMENTED(string path)
    {
        await using RpcTestServer server = await StartAsync();

        RawAnswer answer = await RawCall.SendAsync(server.Address, path, RawCall.Frame([]));

        Assert.Equal((200, RpcStatusCode.Unimplemented), (answer.HttpStatus, answer.Status));
    }

    [Fact]
    public async Task Other_requests_for_what_nobody_serves_stay_404() =>
        Assert.Equal(404, await WithServerAsync(async server =>
            (await RawCall.SendAsync(server.Address, "/test.Echo/Unknown", [], "application/json")).HttpStatus));

    [Fact]
    public async Task A_fallback_of_the_host_keeps_what_is_not_gRPC()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
        {
            Map(app);
            app.MapFallback(static http =>
            {
                http.Response.StatusCode = 418;
                return Task.CompletedTask;
            });
        });

        Assert.Equal(418, (await RawCall.SendAsync(server.Address, "/nobody.Knows/This", [], "application/json")).HttpStatus);
        Assert.Equal(RpcStatusCode.Unimplemented, (await RawCall.SendAsync(server.Address, "/nobody.Knows/This", RawCall.Frame([]))).Status);
        Assert.Equal(RpcStatusCode.Ok, (await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]))).Status);
    }

    [Fact]
    public async Task A_relay_passes_a_status_on_as_it_came()
    {
        await using RpcTestServer origin = await RpcTestServer.StartAsync(app => app.MapGrpcUnary<Empty, Empty>(
            Unary, Empty.Parser, (_, _) => throw new RpcException(RpcStatusCode.NotFound, "50 % gone", new RpcMetadata { { "why", "because" } })));
        using RpcChannel inner = origin.Connect();
        await using RpcTestServer relay = await RpcTestServer.StartAsync(app => app.MapGrpcUnary(
            Unary, Empty.Parser, async (Empty request, RpcServerContext _) => await inner.UnaryAsync(Unary, request, Empty.Parser)));
        using RpcChannel outer = relay.Connect();

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => outer.UnaryAsync(Unary, new Empty(), Empty.Parser));

        Assert.Equal((RpcStatusCode.NotFound, "50 % gone"), (failure.StatusCode, failure.Detail));
        Assert.Equal(["why"], failure.Trailers.Select(entry => entry.Key));
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("-1S")]
    [InlineData("1s")]
    [InlineData("1")]
    [InlineData("100000000S")]
    [InlineData("1.5S")]
    [InlineData("abc")]
    public async Task A_malformed_timeout_is_INTERNAL(string timeout)
    {
        await using RpcTestServer server = await StartAsync();

        Assert.Equal(RpcStatusCode.Internal, (await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("grpc-timeout", timeout))).Status);
    }

    [Fact]
    public async Task A_timeout_of_nothing_is_DEADLINE_EXCEEDED_at_once()
    {
        await using RpcTestServer server = await StartAsync();

        Assert.Equal(
            RpcStatusCode.DeadlineExceeded, (await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("grpc-timeout", "0n"))).Status);
    }

    [Fact]
    public async Task A_binary_header_that_is_not_base64_is_INTERNAL_where_a_handler_reads_the_metadata()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcUnary(Unary, Empty.Parser, (Empty request, RpcServerContext context) =>
        {
            _ = context.RequestHeaders;
            return ValueTask.FromResult(request);
        }));

        Assert.Equal(RpcStatusCode.Internal, (await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("x-bin", "***"))).Status);
    }

    [Fact]
    public async Task Metadata_over_the_methods_bound_is_RESOURCE_EXHAUSTED()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcUnary(
            Unary, Empty.Parser, (Empty request, RpcServerContext _) => ValueTask.FromResult(request), new RpcMethodOptions { MaxMetadataBytes = 1000 }));

        Assert.Equal(
            RpcStatusCode.ResourceExhausted,
            (await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("x", new string('a', 1000)))).Status);
        Assert.Equal(
            RpcStatusCode.Ok,
            (await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("x", new string('a', 500)))).Status);
    }

    [Fact]
    public async Task A_response_over_the_limit_is_RESOURCE_EXHAUSTED_and_not_sent()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcUnary(
            Unary,
            Empty.Parser,
            (Empty _, RpcServerContext _) => ValueTask.FromResult(new BytesValue { Value = ByteString.CopyFrom(new byte[200]) }),
            new RpcMethodOptions { MaxSendMessageBytes = 100 }));

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]));

        Assert.Equal(RpcStatusCode.ResourceExhausted, answer.Status);
        Assert.Empty(answer.Body);
    }

    [Fact]
    public async Task A_body_over_Kestrels_own_limit_is_RESOURCE_EXHAUSTED()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(Map, kestrel => kestrel.Limits.MaxRequestBodySize = 100);

        RawAnswer answer = await RawCall.SendAsync(server.Address, Unary, RawCall.Frame(new byte[500]));

        Assert.Equal(RpcStatusCode.ResourceExhausted, answer.Status);
    }

    [Fact]
    public async Task Neither_metadata_nor_a_status_text_reaches_the_log()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapGrpcUnary<Empty, Empty>(
            Unary, Empty.Parser, (_, context) => throw new RpcException(RpcStatusCode.Unauthenticated, context.RequestHeaders.Get("authorization")!)));

        await RawCall.SendAsync(server.Address, Unary, RawCall.Frame([]), headers: ("authorization", "Bearer top-secret"));

        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("top-secret", StringComparison.Ordinal));
    }

    private static Task<RpcTestServer> StartAsync() => RpcTestServer.StartAsync(Map);

    private static async Task<T> WithServerAsync<T>(Func<RpcTestServer, Task<T>> body)
    {
        await using RpcTestServer server = await StartAsync();
        return await body(server);
    }

    private static void Map(WebApplication app)
    {
        var bounds = new RpcMethodOptions { MaxReceiveMessageBytes = 1024 };
        app.MapGrpcUnary(Unary, StringValue.Parser, (StringValue request, RpcServerContext _) => ValueTask.FromResult(request), bounds);
        app.MapGrpcClientStreaming(
            Sum,
            StringValue.Parser,
            async (RpcRequestReader<StringValue> requests, RpcServerContext _) =>
            {
                int count = 0;
                await foreach (StringValue request in requests)
                {
                    count++;
                }

                return new Int32Value { Value = count };
            },
            bounds);
        app.MapGrpcUnimplemented();
    }
}
