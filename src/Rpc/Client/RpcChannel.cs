using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using MeshGrains.Rpc.Client;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc;

/// <summary>Calls the gRPC methods of one server over HTTP/2; safe for many calls at once, made once and kept.</summary>
/// <remarks>
/// Every call fails with <see cref="RpcException"/>, except that the cancellation of the caller's own token shows as <see cref="OperationCanceledException"/>.
/// </remarks>
public sealed class RpcChannel : IDisposable
{
    private const int MaxCachedPaths = 1024;

    private readonly HttpMessageInvoker _invoker;
    private readonly ConcurrentDictionary<string, Uri> _uris = new(StringComparer.Ordinal);

    /// <param name="address"><c>http://host:port</c> (HTTP/2 without TLS, by prior knowledge) or <c>https://host:port</c>.</param>
    /// <exception cref="ArgumentException">The address is neither.</exception>
    public RpcChannel(Uri address, RpcChannelOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!address.IsAbsoluteUri || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps))
        {
            throw new ArgumentException($"'{address}' is no address to call; write it as 'https://host:port' or 'http://host:port'.", nameof(address));
        }

        Address = address;
        Options = options ?? new RpcChannelOptions();
        _invoker = new HttpMessageInvoker(CreateHandler(Options), disposeHandler: true);
    }

    public Uri Address { get; }

    internal RpcChannelOptions Options { get; }

    /// <summary>One request, one response.</summary>
    /// <param name="path"><c>/package.Service/Method</c>.</param>
    /// <exception cref="RpcException">The call ended with a status other than OK.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<TResponse> UnaryAsync<TRequest, TResponse>(
        string path,
        TRequest request,
        MessageParser<TResponse> responseParser,
        RpcCallOptions? options = null,
        CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var call = new ClientCall<TResponse>(this, path, responseParser, options ?? RpcCallOptions.Default, cancellationToken);
        call.Start(new SingleMessageContent<TRequest>(request, Options.MaxSendMessageBytes));
        return await call.ReadSingleAsync();
    }

    /// <inheritdoc cref="UnaryAsync"/>
    /// <summary>One request, one response, and the metadata that came with it.</summary>
    public async Task<RpcReply<TResponse>> UnaryReplyAsync<TRequest, TResponse>(
        string path,
        TRequest request,
        MessageParser<TResponse> responseParser,
        RpcCallOptions? options = null,
        CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var call = new ClientCall<TResponse>(this, path, responseParser, options ?? RpcCallOptions.Default, cancellationToken);
        call.Start(new SingleMessageContent<TRequest>(request, Options.MaxSendMessageBytes));
        TResponse message = await call.ReadSingleAsync();
        return new RpcReply<TResponse>(message, await call.HeadersAsync(), call.Trailers);
    }

    /// <summary>One request, a stream of responses. Nothing is awaited here; failures show while reading.</summary>
    public RpcServerStreamingCall<TResponse> ServerStreaming<TRequest, TResponse>(
        string path,
        TRequest request,
        MessageParser<TResponse> responseParser,
        RpcCallOptions? options = null,
        CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var call = new ClientCall<TResponse>(this, path, responseParser, options ?? RpcCallOptions.Default, cancellationToken, streaming: true);
        call.Start(new SingleMessageContent<TRequest>(request, Options.MaxSendMessageBytes));
        return new RpcServerStreamingCall<TResponse>(call);
    }

    /// <summary>A stream of requests, one response.</summary>
    public RpcClientStreamingCall<TRequest, TResponse> ClientStreaming<TRequest, TResponse>(
        string path, MessageParser<TResponse> responseParser, RpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        (ClientCall<TResponse> call, RequestWriter<TRequest> requests) = OpenStream<TRequest, TResponse>(path, responseParser, options, cancellationToken);
        return new RpcClientStreamingCall<TRequest, TResponse>(call, requests);
    }

    /// <summary>A stream of requests and a stream of responses, each at its own pace.</summary>
    public RpcDuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(
        string path, MessageParser<TResponse> responseParser, RpcCallOptions? options = null, CancellationToken cancellationToken = default)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        (ClientCall<TResponse> call, RequestWriter<TRequest> requests) = OpenStream<TRequest, TResponse>(path, responseParser, options, cancellationToken);
        return new RpcDuplexCall<TRequest, TResponse>(call, requests);
    }

    public void Dispose() => _invoker.Dispose();

    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
        _invoker.SendAsync(request, cancellationToken);

    internal Uri UriOf(string path)
    {
        if (_uris.TryGetValue(path, out Uri? uri))
        {
            return uri;
        }

        RpcPath.Check(path);
        uri = new Uri(Address, path);
        if (_uris.Count < MaxCachedPaths)
        {
            _uris.TryAdd(path, uri);
        }

        return uri;
    }

    private (ClientCall<TResponse> Call, RequestWriter<TRequest> Requests) OpenStream<TRequest, TResponse>(
        string path, MessageParser<TResponse> responseParser, RpcCallOptions? options, CancellationToken cancellationToken)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var call = new ClientCall<TResponse>(this, path, responseParser, options ?? RpcCallOptions.Default, cancellationToken, streaming: true);
        var content = new StreamingContent(call.Lifetime);
        call.Start(content);
        return (call, new RequestWriter<TRequest>(content, call, Options.MaxSendMessageBytes));
    }

    private static SocketsHttpHandler CreateHandler(RpcChannelOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = options.EnableMultipleHttp2Connections,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = options.PooledConnectionLifetime,
            KeepAlivePingDelay = options.KeepAlivePingDelay,
            KeepAlivePingTimeout = options.KeepAlivePingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            MaxResponseHeadersLength = options.MaxResponseHeadersKilobytes,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
        };
        if (options.Tls is { } tls)
        {
            handler.SslOptions = tls;
        }

        if (options.UnixSocketPath is { } socketPath)
        {
            var endPoint = new UnixDomainSocketEndPoint(socketPath);
            handler.ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(endPoint, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }

        options.ConfigureHandler?.Invoke(handler);
        return handler;
    }
}
