using Google.Protobuf;
using MeshGrains.Rpc.Server;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;

namespace MeshGrains.Rpc;

/// <summary>Serves gRPC methods by endpoint routing, each under its exact path <c>/package.Service/Method</c>.</summary>
public static class RpcEndpointRouteBuilderExtensions
{
    /// <summary>Serves a method of one request and one response.</summary>
    /// <exception cref="ArgumentException">The path is not of the form <c>/package.Service/Method</c>.</exception>
    public static IEndpointConventionBuilder MapGrpcUnary<TRequest, TResponse>(
        this IEndpointRouteBuilder endpoints,
        string path,
        MessageParser<TRequest> parser,
        Func<TRequest, RpcServerContext, ValueTask<TResponse>> handler,
        RpcMethodOptions? options = null)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(parser);
        ArgumentNullException.ThrowIfNull(handler);
        return endpoints.Map<TRequest, TResponse>(
            path, parser, new UnaryMethod<TRequest, TResponse>(path, parser, handler, options ?? RpcMethodOptions.Default, endpoints.ServiceProvider));
    }

    /// <summary>Serves a method of one request and a stream of responses, which ends when the handler does.</summary>
    /// <inheritdoc cref="MapGrpcUnary"/>
    public static IEndpointConventionBuilder MapGrpcServerStreaming<TRequest, TResponse>(
        this IEndpointRouteBuilder endpoints,
        string path,
        MessageParser<TRequest> parser,
        Func<TRequest, RpcResponseWriter<TResponse>, RpcServerContext, Task> handler,
        RpcMethodOptions? options = null)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(parser);
        ArgumentNullException.ThrowIfNull(handler);
        RpcMethodOptions bounds = options ?? RpcMethodOptions.Default;
        var single = new SingleRequest<TRequest>(parser, bounds.MaxReceiveMessageBytes);
        return endpoints.Map<TRequest, TResponse>(path, parser, new StreamingMethod(path, Serve, streamsRequests: false, bounds, endpoints.ServiceProvider));

        async Task Serve(RpcServerContext context)
        {
            TRequest request = await single.ReadAsync(context.HttpContext, context.CancellationToken);
            await handler(request, new RpcResponseWriter<TResponse>(context, bounds.MaxSendMessageBytes), context);
        }
    }

    /// <summary>Serves a method of a stream of requests and one response.</summary>
    /// <inheritdoc cref="MapGrpcUnary"/>
    public static IEndpointConventionBuilder MapGrpcClientStreaming<TRequest, TResponse>(
        this IEndpointRouteBuilder endpoints,
        string path,
        MessageParser<TRequest> parser,
        Func<RpcRequestReader<TRequest>, RpcServerContext, ValueTask<TResponse>> handler,
        RpcMethodOptions? options = null)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(parser);
        ArgumentNullException.ThrowIfNull(handler);
        RpcMethodOptions bounds = options ?? RpcMethodOptions.Default;
        return endpoints.Map<TRequest, TResponse>(path, parser, new StreamingMethod(path, Serve, streamsRequests: true, bounds, endpoints.ServiceProvider));

        async Task Serve(RpcServerContext context)
        {
            TResponse response = await handler(new RpcRequestReader<TRequest>(context, parser, bounds.MaxReceiveMessageBytes), context);
            await RpcMethod.StartResponse(context);
            Frames.Write(context.HttpContext.Response.BodyWriter, response, bounds.MaxSendMessageBytes);
        }
    }

    /// <summary>Serves a method of a stream of requests and a stream of responses, each at its own pace.</summary>
    /// <inheritdoc cref="MapGrpcUnary"/>
    public static IEndpointConventionBuilder MapGrpcDuplex<TRequest, TResponse>(
        this IEndpointRouteBuilder endpoints,
        string path,
        MessageParser<TRequest> parser,
        Func<RpcRequestReader<TRequest>, RpcResponseWriter<TResponse>, RpcServerContext, Task> handler,
        RpcMethodOptions? options = null)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(parser);
        ArgumentNullException.ThrowIfNull(handler);
        RpcMethodOptions bounds = options ?? RpcMethodOptions.Default;
        return endpoints.Map<TRequest, TResponse>(path, parser, new StreamingMethod(path, Serve, streamsRequests: true, bounds, endpoints.ServiceProvider));

        Task Serve(RpcServerContext context) => handler(
            new RpcRequestReader<TRequest>(context, parser, bounds.MaxReceiveMessageBytes),
            new RpcResponseWriter<TResponse>(context, bounds.MaxSendMessageBytes),
            context);
    }

    /// <summary>
    /// Answers UNIMPLEMENTED to gRPC requests for methods that nobody serves. Requests of any other content type do not match and fall to the host's own 404.
    /// </summary>
    public static IEndpointConventionBuilder MapGrpcUnimplemented(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        RoutePattern pattern = RoutePatternFactory.Parse("{**path}", defaults: null, parameterPolicies: new { path = new GrpcContentTypeConstraint() });
        IEndpointConventionBuilder builder = endpoints.Map(pattern, static http =>
        {
            RpcMethod.ReplyTrailersOnly(http, RpcStatusCode.Unimplemented, $"The method {http.Request.Path} is not implemented here.");
            return Task.CompletedTask;
        });
        // After every served path, before a fallback of the host's own, which stands at int.MaxValue.
        builder.Add(static endpoint => ((RouteEndpointBuilder)endpoint).Order = int.MaxValue - 1);
        return builder.WithMetadata(new HttpMethodMetadata([HttpMethods.Post])).WithDisplayName("gRPC unimplemented methods");
    }

    private static IEndpointConventionBuilder Map<TRequest, TResponse>(
        this IEndpointRouteBuilder endpoints, string path, MessageParser<TRequest> parser, RpcMethod method)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>, new()
    {
        var metadata = new RpcEndpointMetadata(
            path, [parser.ParseFrom(ByteString.Empty).Descriptor.File, new TResponse().Descriptor.File]);
        return endpoints.Map(RoutePatternFactory.Parse(path), method.InvokeAsync)
            .WithMetadata(new HttpMethodMetadata([HttpMethods.Post]), metadata).WithDisplayName($"gRPC {path}");
    }
}
