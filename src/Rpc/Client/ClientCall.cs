using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Google.Protobuf;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc.Client;

/// <summary>One call from its request to its status; the same for all four kinds.</summary>
internal sealed class ClientCall<TResponse> : IClientCall, IDisposable
    where TResponse : class, IMessage<TResponse>
{
    private static readonly TimeSpan StatusPatience = TimeSpan.FromSeconds(2);
    private static readonly StreamPipeReaderOptions ReaderOptions = new(bufferSize: 16 * 1024, minimumReadSize: 4 * 1024);

    private readonly RpcChannel _channel;
    private readonly MessageParser<TResponse> _parser;
    private readonly CancellationToken _callerToken;
    private readonly CancellationTokenSource? _lifetime;
    private readonly CancellationTokenRegistration _callerGone;
    private readonly HttpRequestMessage _request;
    private readonly int _maxReceiveBytes;
    private Task<HttpResponseMessage>? _sending;
    private HttpResponseMessage? _response;
    private PipeReader? _body;
    private RpcMetadata? _headers;
    private RpcMetadata? _trailers;
    private RpcException? _failure;
    private bool _ended;
    private volatile bool _disposed;

    public ClientCall(
        RpcChannel channel, string path, MessageParser<TResponse> parser, RpcCallOptions options, CancellationToken callerToken, bool streaming = false)
    {
        ArgumentNullException.ThrowIfNull(parser);
        _channel = channel;
        _parser = parser;
        _callerToken = callerToken;
        _maxReceiveBytes = options.MaxReceiveMessageBytes ?? channel.Options.MaxReceiveMessageBytes;
        _request = new HttpRequestMessage(HttpMethod.Post, channel.UriOf(path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        _request.Headers.TryAddWithoutValidation("te", "trailers");
        if (options.Headers is { } headers)
        {
            ClientStatus.Write(headers, _request.Headers);
        }

        if (options.Timeout is { } timeout)
        {
            timeout = timeout > GrpcTimeout.Longest ? GrpcTimeout.Longest : timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero;
            _request.Headers.TryAddWithoutValidation("grpc-timeout", GrpcTimeout.Format(timeout));
            _lifetime = new CancellationTokenSource(timeout, channel.Options.TimeProvider);
        }
        else if (streaming)
        {
            _lifetime = new CancellationTokenSource();
        }

        if (_lifetime is not null)
        {
            _callerGone = callerToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _lifetime);
        }
    }

    /// <summary>Ends with the caller's token, the deadline or the disposal of the call.</summary>
    public CancellationToken Lifetime => _lifetime?.Token ?? _callerToken;

    public Task Sending => _sending!;

    /// <summary>What came beside the status; empty before the call has ended.</summary>
    public RpcMetadata Trailers => _trailers ?? [];

    public void Start(HttpContent content)
    {
        content.Headers.TryAddWithoutValidation("content-type", "application/grpc");
        _request.Content = content;
        _sending = _channel.SendAsync(_request, Lifetime);
    }

    public async ValueTask<RpcMetadata> HeadersAsync()
    {
        HttpResponseMessage response = await ResponseAsync();
        return _headers ??= ClientStatus.ReadMetadata(response.Headers);
    }

    /// <summary>The one response of a call.</summary>
    /// <exception cref="RpcException">The status is not OK, or there is not exactly one message.</exception>
    public async ValueTask<TResponse> ReadSingleAsync()
    {
        TResponse message = await ReadAsync()
            ?? throw new RpcException(RpcStatusCode.Unimplemented, "The server answered OK without the one message that this method returns.", Trailers);
        return await ReadAsync() is null
            ? message
            : throw new RpcException(RpcStatusCode.Unimplemented, "The server answered with more than the one message that this method returns.");
    }

    /// <summary>The next response; null after the last one, when the status is OK.</summary>
    /// <exception cref="RpcException">The status is not OK.</exception>
    public async ValueTask<TResponse?> ReadAsync()
    {
        if (_ended)
        {
            return null;
        }

        HttpResponseMessage response = await ResponseAsync();
        try
        {
            _body ??= PipeReader.Create(await response.Content.ReadAsStreamAsync(Lifetime), ReaderOptions);
            while (true)
            {
                ReadResult read = await _body.ReadAsync(Lifetime);
                ReadOnlySequence<byte> rest = read.Buffer;
                FrameStatus status = Frames.TryRead(ref rest, _maxReceiveBytes, out ReadOnlySequence<byte> frame);
                if (status == FrameStatus.Message)
                {
                    TResponse message = Parse(frame);
                    _body.AdvanceTo(rest.Start);
                    return message;
                }

                if (status != FrameStatus.Incomplete)
                {
                    throw FrameErrors.Of(status, _maxReceiveBytes, response.Headers.NonValidated.Contains("grpc-encoding"));
                }

                if (read.IsCompleted)
                {
                    End(response, read.Buffer.IsEmpty);
                    return null;
                }

                _body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw Translate(exception);
        }
    }

    public async ValueTask<Exception> WhyWritingFailedAsync(Exception exception)
    {
        // A server that refuses a call early resets the stream under the writer; its status says why, and may be seen a moment later than the reset.
        if (!Lifetime.IsCancellationRequested && _sending is { } sending)
        {
            await ((Task)sending).WaitAsync(StatusPatience, _channel.Options.TimeProvider, Lifetime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (sending.IsCompleted)
            {
                try
                {
                    await ResponseAsync();
                }
                catch (RpcException status)
                {
                    return status;
                }
            }
        }

        return Translate(exception);
    }

    /// <summary>What the caller is to see of a failure below gRPC.</summary>
    public Exception Translate(Exception exception)
    {
        if (exception is RpcException)
        {
            return exception;
        }

        if (_callerToken.IsCancellationRequested)
        {
            return new OperationCanceledException("The caller cancelled the call.", exception, _callerToken);
        }

        if (_disposed)
        {
            return new RpcException(RpcStatusCode.Cancelled, "The call was disposed of before it had ended.", innerException: exception);
        }

        if (_lifetime is { IsCancellationRequested: true })
        {
            return new RpcException(RpcStatusCode.DeadlineExceeded, "The deadline passed before the call was done.", innerException: exception);
        }

        // The content throws its own status when a message is over the limit.
        return exception is HttpRequestException { InnerException: RpcException own } ? own : ClientStatus.OfTransport(exception);
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _callerGone.Dispose();
        if (!_ended)
        {
            // Resets the stream, so that the server stops working for nobody.
            _lifetime?.Cancel();
        }

        _body?.Complete();
        if (_response is null && _sending is not null)
        {
            _ = DropAsync(_sending);
        }

        _response?.Dispose();
        _request.Dispose();
        _lifetime?.Dispose();
    }

    private async ValueTask<HttpResponseMessage> ResponseAsync()
    {
        if (_failure is { } failure)
        {
            throw failure;
        }

        if (_response is { } present)
        {
            return present;
        }

        HttpResponseMessage response;
        try
        {
            response = await _sending!;
        }
        catch (Exception exception)
        {
            throw Translate(exception);
        }

        _response = response;
        return (_failure = FailureIn(response)) is null ? response : throw _failure;
    }

    private RpcException? FailureIn(HttpResponseMessage response)
    {
        if (ClientStatus.Read(response.Headers) is { } status)
        {
            // Trailers-only: the headers are all there is.
            _trailers = ClientStatus.ReadMetadata(response.Headers);
            _headers = [];
            return status.Code == RpcStatusCode.Ok ? null : new RpcException(status.Code, status.Detail, _trailers);
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            return ClientStatus.OfHttp(response.StatusCode);
        }

        return GrpcContentType.Matches(ContentTypeOf(response))
            ? null
            : new RpcException(RpcStatusCode.Unknown, "The server's answer is not of content type application/grpc.");
    }

    private static async Task DropAsync(Task<HttpResponseMessage> sending)
    {
        try
        {
            (await sending).Dispose();
        }
        catch (Exception exception) when (exception is OperationCanceledException or HttpRequestException or RpcException)
        {
            // Nobody waits for this call any more.
        }
    }

    private static string? ContentTypeOf(HttpResponseMessage response) =>
        response.Content.Headers.NonValidated.TryGetValues("content-type", out var values) ? values.ToString() : null;

    private TResponse Parse(ReadOnlySequence<byte> frame)
    {
        try
        {
            return _parser.ParseFrom(frame);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw FrameErrors.NotParsed(exception);
        }
    }

    private void End(HttpResponseMessage response, bool atBoundary)
    {
        (RpcStatusCode Code, string Detail)? status = ClientStatus.Read(response.TrailingHeaders);
        if (status is not null)
        {
            _trailers = ClientStatus.ReadMetadata(response.TrailingHeaders);
        }
        else
        {
            status = ClientStatus.Read(response.Headers) ?? throw ClientStatus.OfHttp(response.StatusCode);
        }

        if (status.Value.Code != RpcStatusCode.Ok)
        {
            throw _failure = new RpcException(status.Value.Code, status.Value.Detail, _trailers);
        }

        if (!atBoundary)
        {
            throw FrameErrors.Of(FrameStatus.Incomplete, _maxReceiveBytes, encodingDeclared: false);
        }

        _ended = true;
    }
}
