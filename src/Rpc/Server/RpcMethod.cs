using System.Globalization;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace MeshGrains.Rpc.Server;

/// <summary>What the four call kinds share: the checks before a call, its status after it.</summary>
internal abstract class RpcMethod
{
    protected RpcMethod(string path, RpcMethodOptions options, IServiceProvider services)
    {
        RpcPath.Check(path);
        Path = path;
        Options = options;
        Time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        Logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("MeshGrains.Rpc.Server");
    }

    protected string Path { get; }

    protected RpcMethodOptions Options { get; }

    protected TimeProvider Time { get; }

    protected ILogger Logger { get; }

    public abstract Task InvokeAsync(HttpContext http);

    /// <summary>Answers with a status and no message: headers that end the stream.</summary>
    public static void ReplyTrailersOnly(HttpContext http, RpcStatusCode code, string detail)
    {
        http.Response.Headers.ContentType = GrpcContentType.Value;
        http.Response.Headers["grpc-status"] = Number(code);
        http.Response.Headers["grpc-message"] = GrpcMessage.Encode(detail);
    }

    /// <summary>Null when the request was refused and answered already.</summary>
    protected RpcServerContext? Begin(HttpContext http)
    {
        HttpRequest request = http.Request;
        if (!HttpProtocol.IsHttp2(request.Protocol))
        {
            http.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            http.Response.Headers.Upgrade = "h2";
            return null;
        }

        IHeaderDictionary headers = request.Headers;
        if (!GrpcContentType.Matches(headers.ContentType))
        {
            http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return null;
        }

        TimeSpan? timeout = null;
        if (headers.TryGetValue("grpc-timeout", out StringValues text))
        {
            if (text.Count != 1 || !GrpcTimeout.TryParse(text[0]!, out TimeSpan parsed))
            {
                ReplyTrailersOnly(http, RpcStatusCode.Internal, "The grpc-timeout header is malformed: one to eight digits and a unit of H, M, S, m, u, n.");
                return null;
            }

            if (parsed == TimeSpan.Zero)
            {
                ReplyTrailersOnly(http, RpcStatusCode.DeadlineExceeded, "The deadline had passed before the call arrived.");
                return null;
            }

            timeout = parsed;
        }

        if (Options.MaxMetadataBytes is { } limit && MetadataBytes(headers) > limit)
        {
            ReplyTrailersOnly(http, RpcStatusCode.ResourceExhausted, $"The metadata is larger than the limit of {limit} bytes.");
            return null;
        }

        return new RpcServerContext(http, Path, Time, timeout);
    }

    /// <summary>A stream of messages may be longer and slower than one body; each message keeps its bound.</summary>
    protected static void LiftBodyLimits(HttpContext http)
    {
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (http.Features.Get<Microsoft.AspNetCore.Server.Kestrel.Core.Features.IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }

    /// <summary>Begins the response; the headers leave with the first flush.</summary>
    public static Task StartResponse(RpcServerContext context)
    {
        HttpResponse response = context.HttpContext.Response;
        response.Headers.ContentType = GrpcContentType.Value;
        if (context.ResponseHeadersIfAny is { } headers)
        {
            Copy(headers, response.Headers);
        }

        return response.StartAsync();
    }

    protected static void CompleteOk(RpcServerContext context)
    {
        IHeaderDictionary trailers = context.HttpContext.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers;
        trailers["grpc-status"] = "0";
        if (context.ResponseTrailersIfAny is { } own)
        {
            Copy(own, trailers);
        }
    }

    /// <summary>Ends the call with the status that belongs to <paramref name="exception"/>: in the headers when nothing was sent yet, else in the trailers.</summary>
    protected void Fail(RpcServerContext context, Exception exception)
    {
        HttpContext http = context.HttpContext;
        RpcException status = StatusOf(context, exception);
        IHeaderDictionary target = http.Response.HasStarted
            ? http.Features.GetRequiredFeature<IHttpResponseTrailersFeature>().Trailers
            : http.Response.Headers;
        if (!http.Response.HasStarted)
        {
            http.Response.Headers.ContentType = GrpcContentType.Value;
            if (context.ResponseHeadersIfAny is { } headers)
            {
                Copy(headers, target);
            }
        }

        target["grpc-status"] = Number(status.StatusCode);
        target["grpc-message"] = GrpcMessage.Encode(status.Detail);
        if (context.ResponseTrailersIfAny is { } own)
        {
            Copy(own, target);
        }

        Copy(status.Trailers, target);
        RpcServerLog.CallFailed(Logger, Path, status.StatusCode);
    }

    private RpcException StatusOf(RpcServerContext context, Exception exception)
    {
        if (exception is RpcException chosen)
        {
            return chosen;
        }

        if (context.DeadlinePassed && exception is OperationCanceledException)
        {
            return new RpcException(RpcStatusCode.DeadlineExceeded, "The deadline passed before the call was done.");
        }

        if (context.ClientGone)
        {
            return new RpcException(RpcStatusCode.Cancelled, "The client went away.");
        }

        if (exception is BadHttpRequestException bad)
        {
            return bad.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? new RpcException(RpcStatusCode.ResourceExhausted, "The request is larger than the server takes.")
                : new RpcException(RpcStatusCode.Internal, "The request body could not be read.");
        }

        string errorId = context.HttpContext.TraceIdentifier;
        RpcServerLog.HandlerThrew(Logger, exception, Path, errorId);
        return new RpcException(RpcStatusCode.Unknown, $"The server failed to handle the call; its log tells more under {errorId}.");
    }

    private static void Copy(RpcMetadata source, IHeaderDictionary target)
    {
        foreach (RpcMetadataEntry entry in source)
        {
            string value = entry.Text ?? BinaryHeader.Encode(entry.Binary);
            target[entry.Key] = target.TryGetValue(entry.Key, out StringValues present) ? StringValues.Concat(present, value) : value;
        }
    }

    private static long MetadataBytes(IHeaderDictionary headers)
    {
        long sum = 0;
        foreach ((string name, StringValues values) in headers)
        {
            foreach (string? value in values)
            {
                sum += name.Length + (value?.Length ?? 0);
            }
        }

        return sum;
    }

    private static string Number(RpcStatusCode code) => ((int)code).ToString(CultureInfo.InvariantCulture);
}
