using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace MeshGrains.Rpc.Tests;

public sealed class RpcChannelTests
{
    private const string Echo = "/test.Echo/Unary";

    [Theory]
    [InlineData(400, RpcStatusCode.Internal)]
    [InlineData(401, RpcStatusCode.Unauthenticated)]
    [InlineData(403, RpcStatusCode.PermissionDenied)]
    [InlineData(404, RpcStatusCode.Unimplemented)]
    [InlineData(429, RpcStatusCode.Unavailable)]
    [InlineData(500, RpcStatusCode.Unknown)]
    [InlineData(502, RpcStatusCode.Unavailable)]
    [InlineData(503, RpcStatusCode.Unavailable)]
    [InlineData(504, RpcStatusCode.Unavailable)]
    [InlineData(301, RpcStatusCode.Unknown)]
    public async Task An_HTTP_answer_without_a_gRPC_status_stands_for_one(int http, RpcStatusCode expected) =>
        Assert.Equal(expected, await StatusOfAsync(context =>
        {
            context.Response.StatusCode = http;
            return Task.CompletedTask;
        }));

    [Fact]
    public async Task A_gRPC_status_outweighs_the_HTTP_one() =>
        Assert.Equal(RpcStatusCode.NotFound, await StatusOfAsync(context =>
        {
            context.Response.StatusCode = 500;
            context.Response.Headers["grpc-status"] = "5";
            return Task.CompletedTask;
        }));

    [Theory]
    [InlineData("99")]
    [InlineData("-1")]
    [InlineData("five")]
    public async Task A_status_that_nobody_knows_is_UNKNOWN(string status) =>
        Assert.Equal(RpcStatusCode.Unknown, await StatusOfAsync(context =>
        {
            context.Response.Headers["grpc-status"] = status;
            return Task.CompletedTask;
        }));

    [Fact]
    public async Task An_answer_of_another_content_type_is_UNKNOWN() =>
        Assert.Equal(RpcStatusCode.Unknown, await StatusOfAsync(context => context.Response.WriteAsync("<html>")));

    public static TheoryData<string, byte[], string?, RpcStatusCode> BadAnswers() => new()
    {
        { "no message and OK", [], "0", RpcStatusCode.Unimplemented },
        { "two messages", [.. RawCall.Frame([]), .. RawCall.Frame([])], "0", RpcStatusCode.Unimplemented },
        { "half a message", [.. RawCall.Frame([1], length: 2)], "0", RpcStatusCode.Internal },
        { "half a message, and a status that says why", [.. RawCall.Frame([1], length: 2)], "14", RpcStatusCode.Unavailable },
        { "a message and no status", RawCall.Frame([]), null, RpcStatusCode.Unknown },
        { "flag 2", RawCall.Frame([], flag: 2), "0", RpcStatusCode.Internal },
        { "compressed", RawCall.Frame([], flag: 1), "0", RpcStatusCode.Internal },
        { "no protobuf", RawCall.Frame([255, 255]), "0", RpcStatusCode.Internal },
        { "too large", RawCall.Frame(new byte[5000]), "0", RpcStatusCode.ResourceExhausted },
        { "a message, then a failure", RawCall.Frame([]), "13", RpcStatusCode.Internal },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task A_malformed_answer_is_a_failure(string what, byte[] body, string? trailer, RpcStatusCode expected)
    {
        RpcStatusCode status = await StatusOfAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(body);
            if (trailer is not null)
            {
                context.Response.AppendTrailer("grpc-status", trailer);
            }
        });

        Assert.True(status == expected, $"{what}: {status}");
    }

    [Fact]
    public async Task A_stream_that_the_server_aborts_is_a_failure() =>
        Assert.Contains(
            await StatusOfAsync(context =>
            {
                context.Abort();
                return Task.CompletedTask;
            }),
            new[] { RpcStatusCode.Internal, RpcStatusCode.Cancelled });

    [Fact]
    public async Task Nobody_listening_is_UNAVAILABLE()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var channel = new RpcChannel(new Uri($"http://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}"));

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Echo, new StringValue(), StringValue.Parser));
        Assert.Equal(RpcStatusCode.Unavailable, failure.StatusCode);
        using RpcDuplexCall<StringValue, StringValue> call = channel.Duplex<StringValue, StringValue>(Echo, StringValue.Parser);
        failure = await Assert.ThrowsAsync<RpcException>(() => call.WriteAsync(new StringValue()));
        Assert.Equal(RpcStatusCode.Unavailable, failure.StatusCode);
        failure = await Assert.ThrowsAsync<RpcException>(async () => await call.ReadAsync());
        Assert.Equal(RpcStatusCode.Unavailable, failure.StatusCode);
    }

    [Fact]
    public async Task A_Unix_socket_serves_as_an_address_does()
    {
        using var folder = new TempDirectory();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(folder.File("rpc.sock"), socket => socket.Protocols = HttpProtocols.Http2));
        await using WebApplication app = builder.Build();
        app.MapGrpcUnary(Echo, StringValue.Parser, (StringValue _, RpcServerContext context) => ValueTask.FromResult(new StringValue { Value = context.Peer }));
        await app.StartAsync();
        using var channel = new RpcChannel(new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = folder.File("rpc.sock") });

        Assert.Equal("unix:", (await channel.UnaryAsync(Echo, new StringValue(), StringValue.Parser)).Value);
        await app.StopAsync();
    }

    [Fact]
    public async Task A_message_over_the_limit_is_refused_before_it_is_sent_and_the_channel_goes_on()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(Echo, BytesValue.Parser, (BytesValue request, RpcServerContext _) => ValueTask.FromResult(request)));
        using RpcChannel channel = server.Connect(new RpcChannelOptions { MaxSendMessageBytes = 100 });
        var tooLarge = new BytesValue { Value = ByteString.CopyFrom(new byte[200]) };

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Echo, tooLarge, BytesValue.Parser));
        Assert.Equal(RpcStatusCode.ResourceExhausted, failure.StatusCode);

        using RpcDuplexCall<BytesValue, BytesValue> call = channel.Duplex<BytesValue, BytesValue>(Echo, BytesValue.Parser);
        failure = await Assert.ThrowsAsync<RpcException>(() => call.WriteAsync(tooLarge));
        Assert.Equal(RpcStatusCode.ResourceExhausted, failure.StatusCode);
        await call.WriteAsync(new BytesValue());
        call.CompleteRequests();
        Assert.NotNull(await call.ReadAsync());
    }

    [Fact]
    public async Task A_call_with_a_cancelled_token_is_not_made()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary<StringValue, StringValue>(Echo, StringValue.Parser, (_, _) => throw new InvalidOperationException("called")));
        using RpcChannel channel = server.Connect();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => channel.UnaryAsync(
            Echo, new StringValue(), StringValue.Parser, new RpcCallOptions { Timeout = TimeSpan.FromMinutes(1) }, new CancellationToken(canceled: true)));
        Assert.DoesNotContain(server.Log.Lines, line => line.Contains("called", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_timeout_of_zero_is_DEADLINE_EXCEEDED()
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(Echo, StringValue.Parser, (StringValue request, RpcServerContext _) => ValueTask.FromResult(request)));
        using RpcChannel channel = server.Connect();

        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(
            Echo, new StringValue(), StringValue.Parser, new RpcCallOptions { Timeout = TimeSpan.Zero }));
        Assert.Equal(RpcStatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Theory]
    [InlineData("test.Echo/Unary")]
    [InlineData("/test.Echo")]
    [InlineData("/test.Echo/")]
    [InlineData("//Unary")]
    [InlineData("/a/b/c")]
    [InlineData("/test.Echo/{id}")]
    public async Task A_path_that_names_no_method_is_refused_by_both_sides(string path)
    {
        using var channel = new RpcChannel(new Uri("http://localhost:1"));
        await Assert.ThrowsAsync<ArgumentException>(() => channel.UnaryAsync(path, new StringValue(), StringValue.Parser));
        await Assert.ThrowsAsync<ArgumentException>(() => RpcTestServer.StartAsync(app =>
            app.MapGrpcUnary(path, StringValue.Parser, (StringValue request, RpcServerContext _) => ValueTask.FromResult(request))));
    }

    [Theory]
    [InlineData("ftp://localhost")]
    [InlineData("/relative")]
    public void An_address_that_is_no_http_url_is_refused(string address) =>
        Assert.Throws<ArgumentException>(() => new RpcChannel(new Uri(address, UriKind.RelativeOrAbsolute)));

    private static async Task<RpcStatusCode> StatusOfAsync(RequestDelegate answer)
    {
        await using RpcTestServer server = await RpcTestServer.StartAsync(app => app.MapPost(Echo, answer));
        using RpcChannel channel = server.Connect(new RpcChannelOptions { MaxReceiveMessageBytes = 4000 });
        return (await Assert.ThrowsAsync<RpcException>(() => channel.UnaryAsync(Echo, new StringValue(), StringValue.Parser))).StatusCode;
    }
}
