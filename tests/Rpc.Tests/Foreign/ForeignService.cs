using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using MeshGrains.Rpc.Istio;
using Microsoft.AspNetCore.Builder;

namespace MeshGrains.Rpc.Tests;

/// <summary>What <c>rpc_client.py</c> calls.</summary>
internal sealed class ForeignService
{
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RpcHealth _health = new();

    public void Map(WebApplication app)
    {
        app.MapGrpcUnary(Path("Echo"), StringValue.Parser, (StringValue request, RpcServerContext _) => ValueTask.FromResult(request));
        app.MapGrpcUnary(Path("EchoBytes"), BytesValue.Parser, (BytesValue request, RpcServerContext _) => ValueTask.FromResult(request));
        app.MapGrpcUnary(Path("Metadata"), StringValue.Parser, Metadata);
        app.MapGrpcUnary(Path("ClientCertificate"), StringValue.Parser, (StringValue _, RpcServerContext context) =>
            ValueTask.FromResult(new StringValue { Value = context.HttpContext.Connection.ClientCertificate!.Subject }));
        MapFailures(app);
        MapStreams(app);
        MapCancellation(app);
        _health.Set(RpcHealth.Server, RpcServingStatus.Serving);
        _health.Set("down", RpcServingStatus.NotServing);
        app.MapGrpcUnary(Path("SetLate"), StringValue.Parser, (StringValue request, RpcServerContext _) =>
        {
            _health.Set("late", request.Value == "SERVING" ? RpcServingStatus.Serving : RpcServingStatus.NotServing);
            return ValueTask.FromResult(request);
        });
        app.MapGrpcHealth(_health);
        app.MapGrpcUnary("/istio.v1.auth.IstioCertificateService/CreateCertificate", IstioCertificateRequest.Parser, EchoCertificate);
        app.MapGrpcReflection();
        app.MapGrpcUnimplemented();
    }

    private static string Path(string method) => "/test.Foreign/" + method;

    private static ValueTask<StringValue> Metadata(StringValue request, RpcServerContext context)
    {
        RpcMetadata received = context.RequestHeaders;
        context.ResponseHeaders.Add("h-text", received.Get("x-text")!);
        context.ResponseHeaders.Add("h-twice", string.Join(',', received.GetAll("x-twice").Select(entry => entry.Text)));
        context.ResponseTrailers.Add("t-raw-bin", received.GetBinary("x-raw-bin")!);
        context.ResponseTrailers.Add("t-peer", context.Peer);
        return ValueTask.FromResult(request);
    }

    private static ValueTask<IstioCertificateResponse> EchoCertificate(IstioCertificateRequest request, RpcServerContext context)
    {
        var response = new IstioCertificateResponse();
        response.CertChain.Add(request.Csr);
        response.CertChain.Add(request.ValidityDuration.ToString(CultureInfo.InvariantCulture));
        response.CertChain.Add(request.Metadata.Fields["CertSigner"].StringValue);
        return ValueTask.FromResult(response);
    }

    private static void MapFailures(WebApplication app)
    {
        app.MapGrpcUnary<StringValue, StringValue>(Path("Fail"), StringValue.Parser, (_, _) => throw new RpcException(
            RpcStatusCode.FailedPrecondition,
            "not now: 100 % ü\n€",
            new RpcMetadata { { "reason", "closed" }, { "raw-bin", new byte[] { 0, 255 } } }));
        app.MapGrpcUnary<StringValue, StringValue>(Path("FailWith"), StringValue.Parser, (request, _) => throw new RpcException(
            (RpcStatusCode)int.Parse(request.Value, CultureInfo.InvariantCulture), $"status {request.Value}"));
        app.MapGrpcUnary<StringValue, StringValue>(Path("Details"), StringValue.Parser, (_, _) => throw RpcException.WithDetails(new Google.Rpc.Status
        {
            Code = (int)RpcStatusCode.InvalidArgument,
            Message = "see the details",
            Details = { Any.Pack(new StringValue { Value = "field csr" }) },
        }));
        app.MapGrpcUnary<StringValue, StringValue>(
            Path("Throw"), StringValue.Parser, (_, _) => throw new InvalidOperationException("the inner workings"));
        app.MapGrpcClientStreaming<Int32Value, Int32Value>(Path("Refuse"), Int32Value.Parser, async (requests, _) =>
        {
            await requests.ReadAsync();
            throw new RpcException(RpcStatusCode.PermissionDenied, "not you");
        });
    }

    private static void MapStreams(WebApplication app)
    {
        app.MapGrpcServerStreaming<Int32Value, Int32Value>(Path("Count"), Int32Value.Parser, (request, responses, _) => CountAsync(request, responses));
        app.MapGrpcServerStreaming<Int32Value, Int32Value>(Path("CountThenFail"), Int32Value.Parser, async (request, responses, context) =>
        {
            await CountAsync(request, responses);
            context.ResponseTrailers.Add("count", $"{request.Value}");
            throw new RpcException(RpcStatusCode.Aborted, "that was all");
        });
        app.MapGrpcClientStreaming(Path("Sum"), Int32Value.Parser, async (RpcRequestReader<Int32Value> requests, RpcServerContext _) =>
        {
            int sum = 0;
            await foreach (Int32Value request in requests)
            {
                sum += request.Value;
            }

            return new Int32Value { Value = sum };
        });
        app.MapGrpcDuplex<StringValue, StringValue>(Path("Chat"), StringValue.Parser, async (requests, responses, _) =>
        {
            await foreach (StringValue request in requests)
            {
                await responses.WriteAsync(new StringValue { Value = request.Value + "?" });
            }
        });
    }

    private static async Task CountAsync(Int32Value request, RpcResponseWriter<Int32Value> responses)
    {
        for (int i = 0; i < request.Value; i++)
        {
            await responses.WriteAsync(new Int32Value { Value = i });
        }
    }

    private void MapCancellation(WebApplication app)
    {
        app.MapGrpcUnary(Path("Hang"), StringValue.Parser, async (StringValue request, RpcServerContext context) =>
        {
            await UntilGoneAsync(context);
            return request;
        });
        app.MapGrpcServerStreaming<Int32Value, Int32Value>(Path("HangStream"), Int32Value.Parser, async (_, responses, context) =>
        {
            await responses.WriteAsync(new Int32Value { Value = 1 });
            await UntilGoneAsync(context);
        });
        app.MapGrpcUnary(Path("WaitGone"), StringValue.Parser, async (StringValue _, RpcServerContext context) =>
        {
            await _gone.Task.WaitAsync(context.CancellationToken);
            return new StringValue { Value = "gone" };
        });
    }

    private async Task UntilGoneAsync(RpcServerContext context)
    {
        context.CancellationToken.Register(() => _gone.TrySetResult());
        await _gone.Task;
    }
}
