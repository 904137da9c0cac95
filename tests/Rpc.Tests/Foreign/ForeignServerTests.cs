using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Testing;

namespace MeshGrains.Rpc.Tests;

/// <summary>Debian's Python gRPC, which shares no code with ours, as the server of our client.</summary>
public sealed class ForeignServerTests
{
    private static readonly RpcCallOptions Patient = new() { Timeout = TimeSpan.FromSeconds(30) };

    [SkippableFact]
    public async Task A_unary_call_is_answered()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);

        StringValue[] answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(i =>
            channel.UnaryAsync(Path("Echo"), new StringValue { Value = $"ü{i}" }, StringValue.Parser, Patient)));

        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"ü{i}"), answers.Select(answer => answer.Value));
    }

    [SkippableFact]
    public async Task A_large_message_passes_and_a_larger_one_is_RESOURCE_EXHAUSTED_on_either_side()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address, new RpcChannelOptions { MaxSendMessageBytes = 10_000_000 });
        var large = new BytesValue { Value = ByteString.CopyFrom(new byte[4_000_000]) };
        var tooLarge = new BytesValue { Value = ByteString.CopyFrom(new byte[5_000_000]) };

        Assert.Equal(large, await channel.UnaryAsync(Path("EchoBytes"), large, BytesValue.Parser, Patient));
        Assert.Equal(RpcStatusCode.ResourceExhausted, (await FailAsync(() => channel.UnaryAsync(Path("EchoBytes"), tooLarge, BytesValue.Parser, Patient))).StatusCode);
        Assert.Equal(
            RpcStatusCode.ResourceExhausted,
            (await FailAsync(() => channel.UnaryAsync(Path("EchoBytes"), large, BytesValue.Parser, Patient with { MaxReceiveMessageBytes = 1000 }))).StatusCode);
        using var meek = new RpcChannel(server.Address);
        Assert.Equal(RpcStatusCode.ResourceExhausted, (await FailAsync(() => meek.UnaryAsync(Path("EchoBytes"), tooLarge, BytesValue.Parser, Patient))).StatusCode);
    }

    [SkippableFact]
    public async Task Metadata_and_the_deadline_reach_the_server_and_its_own_come_back()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);
        byte[] raw = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        var headers = new RpcMetadata { { "x-twice", "1" }, { "x-twice", "2" }, { "x-raw-bin", raw } };

        RpcReply<StringValue> reply = await channel.UnaryReplyAsync(
            Path("Metadata"), new StringValue(), StringValue.Parser, Patient with { Headers = headers });

        Assert.Equal("1,2", reply.Headers.Get("h-twice")!.Replace(" ", "", StringComparison.Ordinal));
        Assert.Equal("yes", reply.Headers.Get("h-deadline"));
        Assert.Equal(raw, reply.Trailers.GetBinary("t-raw-bin"));
    }

    [SkippableFact]
    public async Task A_status_arrives_with_its_text_and_trailers()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);

        RpcException failure = await FailAsync(() => channel.UnaryAsync(Path("Fail"), new StringValue(), StringValue.Parser, Patient));

        Assert.Equal((RpcStatusCode.FailedPrecondition, "not now: 100 % ü\n€"), (failure.StatusCode, failure.Detail));
        Assert.Equal("closed", failure.Trailers.Get("reason"));
        Assert.Equal([0, 255], failure.Trailers.GetBinary("raw-bin"));
        for (int code = 1; code <= 16; code++)
        {
            failure = await FailAsync(() => channel.UnaryAsync(
                Path("FailWith"), new StringValue { Value = code.ToString(CultureInfo.InvariantCulture) }, StringValue.Parser, Patient));
            Assert.Equal(code, (int)failure.StatusCode);
        }

        failure = await FailAsync(() => channel.UnaryAsync(Path("Details"), new StringValue(), StringValue.Parser, Patient));
        Assert.Equal((3, "see the details"), (failure.GetStatusDetails()!.Code, failure.GetStatusDetails()!.Message));
        failure = await FailAsync(() => channel.UnaryAsync(Path("Throw"), new StringValue(), StringValue.Parser, Patient));
        Assert.Equal(RpcStatusCode.Unknown, failure.StatusCode);
        failure = await FailAsync(() => channel.UnaryAsync(Path("Nowhere"), new StringValue(), StringValue.Parser, Patient));
        Assert.Equal(RpcStatusCode.Unimplemented, failure.StatusCode);
    }

    [SkippableFact]
    public async Task A_deadline_ends_the_call_on_both_sides()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);

        RpcException failure = await FailAsync(() => channel.UnaryAsync(
            Path("Hang"), new StringValue(), StringValue.Parser, new RpcCallOptions { Timeout = TimeSpan.FromMilliseconds(300) }));

        Assert.Equal(RpcStatusCode.DeadlineExceeded, failure.StatusCode);
        Assert.Equal("gone", (await channel.UnaryAsync(Path("WaitGone"), new StringValue(), StringValue.Parser, Patient)).Value);
    }

    [SkippableFact]
    public async Task Disposing_a_stream_ends_the_call_on_the_server()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);
        using (RpcServerStreamingCall<Int32Value> call = channel.ServerStreaming(Path("HangStream"), new Int32Value(), Int32Value.Parser, Patient))
        {
            Assert.Equal(1, (await call.ReadAsync())!.Value);
        }

        Assert.Equal("gone", (await channel.UnaryAsync(Path("WaitGone"), new StringValue(), StringValue.Parser, Patient)).Value);
    }

    [SkippableFact]
    public async Task A_server_stream_is_read_to_its_status()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);
        using RpcServerStreamingCall<Int32Value> call = channel.ServerStreaming(Path("Count"), new Int32Value { Value = 2000 }, Int32Value.Parser, Patient);
        var numbers = new List<int>();
        await foreach (Int32Value number in call)
        {
            numbers.Add(number.Value);
        }

        Assert.Equal(Enumerable.Range(0, 2000), numbers);
        using RpcServerStreamingCall<StringValue> none = channel.ServerStreaming(Path("None"), new StringValue(), StringValue.Parser, Patient);
        Assert.Null(await none.ReadAsync());
        using RpcServerStreamingCall<Int32Value> failing = channel.ServerStreaming(
            Path("CountThenFail"), new Int32Value { Value = 1 }, Int32Value.Parser, Patient);
        Assert.Equal(0, (await failing.ReadAsync())!.Value);
        RpcException failure = await FailAsync(() => failing.ReadAsync().AsTask());
        Assert.Equal((RpcStatusCode.Aborted, "1"), (failure.StatusCode, failure.Trailers.Get("count")));
    }

    [SkippableFact]
    public async Task A_client_stream_is_taken_and_may_be_refused()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);
        using RpcClientStreamingCall<Int32Value, Int32Value> call = channel.ClientStreaming<Int32Value, Int32Value>(Path("Sum"), Int32Value.Parser, Patient);
        for (int i = 0; i <= 1000; i++)
        {
            await call.WriteAsync(new Int32Value { Value = i });
        }

        Assert.Equal(500_500, (await call.CompleteAsync()).Value);
        using RpcClientStreamingCall<Int32Value, Int32Value> refused = channel.ClientStreaming<Int32Value, Int32Value>(Path("Refuse"), Int32Value.Parser, Patient);
        await refused.WriteAsync(new Int32Value());
        Assert.Equal(RpcStatusCode.PermissionDenied, (await FailAsync(() => refused.CompleteAsync())).StatusCode);
    }

    [SkippableFact]
    public async Task A_duplex_call_goes_back_and_forth()
    {
        await using ForeignServer server = await ForeignServer.StartAsync();
        using var channel = new RpcChannel(server.Address);
        using RpcDuplexCall<StringValue, StringValue> call = channel.Duplex<StringValue, StringValue>(Path("Chat"), StringValue.Parser, Patient);
        string big = new('x', 300_000);
        for (int i = 0; i < 50; i++)
        {
            await call.WriteAsync(new StringValue { Value = i + big });
            Assert.Equal(i + big + "?", (await call.ReadAsync())!.Value);
        }

        call.CompleteRequests();
        Assert.Null(await call.ReadAsync());
    }

    [SkippableFact]
    public async Task TLS_carries_the_certificates_of_both_sides()
    {
        using var folder = new TempDirectory();
        using var own = new TestCertificate("localhost");
        using var client = new TestCertificate("dotnet");
        (string serverFile, string serverKey) = own.Write(folder.FullPath);
        await using ForeignServer server = await ForeignServer.StartAsync(serverFile, serverKey, client.Write(folder.FullPath).CertificateFile);
        var tls = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = SslStreamCertificateContext.Create(client.Certificate, null, offline: true),
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown is X509Certificate2 certificate && certificate.RawDataMemory.Span.SequenceEqual(own.Certificate.RawDataMemory.Span),
        };
        using var channel = new RpcChannel(server.Address, new RpcChannelOptions { Tls = tls });

        Assert.Equal("dotnet", (await channel.UnaryAsync(Path("Peer"), new StringValue(), StringValue.Parser, Patient)).Value);

        using var distrustful = new RpcChannel(server.Address);
        Assert.Equal(
            RpcStatusCode.Unavailable,
            (await FailAsync(() => distrustful.UnaryAsync(Path("Peer"), new StringValue(), StringValue.Parser, Patient))).StatusCode);
    }

    private static string Path(string method) => "/test.Foreign/" + method;

    private static Task<RpcException> FailAsync(Func<Task> call) => Assert.ThrowsAsync<RpcException>(call);
}
