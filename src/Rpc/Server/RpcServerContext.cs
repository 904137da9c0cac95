using System.Net;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace MeshGrains.Rpc;

/// <summary>What a handler knows of the call it serves. It lives as long as the call and is not to be kept.</summary>
public sealed class RpcServerContext
{
    private static readonly TimerCallback OnDeadline = static state => ((RpcServerContext)state!).CancelCall();

    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly TimeSpan _timeout;
    private CancellationTokenSource? _cancellation;
    private CancellationTokenRegistration _clientGone;
    private ITimer? _timer;
    private RpcMetadata? _requestHeaders;
    private RpcMetadata? _responseHeaders;
    private RpcMetadata? _responseTrailers;

    internal RpcServerContext(HttpContext httpContext, string method, TimeProvider time, TimeSpan? timeout)
    {
        HttpContext = httpContext;
        Method = method;
        _time = time;
        if (timeout is { } given)
        {
            HasDeadline = true;
            _timeout = given;
            _started = time.GetTimestamp();
        }
    }

    public HttpContext HttpContext { get; }

    /// <summary>The path of the method: <c>/package.Service/Method</c>.</summary>
    public string Method { get; }

    /// <summary>Cancelled when the client is gone or the deadline has passed.</summary>
    public CancellationToken CancellationToken => HasDeadline ? Cancellation().Token : HttpContext.RequestAborted;

    public bool HasDeadline { get; }

    /// <summary>What is left until the deadline, never negative; null without one.</summary>
    public TimeSpan? TimeRemaining
    {
        get
        {
            if (!HasDeadline)
            {
                return null;
            }

            TimeSpan left = _timeout - _time.GetElapsedTime(_started);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>When the client stops waiting; <see cref="DateTimeOffset.MaxValue"/> without a deadline.</summary>
    public DateTimeOffset Deadline => TimeRemaining is { } left ? _time.GetUtcNow() + left : DateTimeOffset.MaxValue;

    /// <summary>The application's metadata of the request, read at the first use. A "-bin" value that is not base64 ends the call with INTERNAL.</summary>
    public RpcMetadata RequestHeaders => _requestHeaders ??= ReadRequestHeaders();

    /// <summary>Sent with the first message, or with the status when there is none; later additions are lost.</summary>
    public RpcMetadata ResponseHeaders => _responseHeaders ??= new RpcMetadata();

    /// <summary>Sent after the last message, beside the status.</summary>
    public RpcMetadata ResponseTrailers => _responseTrailers ??= new RpcMetadata();

    /// <summary>The caller's address: <c>ipv4:10.0.0.7:4711</c>, <c>ipv6:[::1]:4711</c> or <c>unix:</c>.</summary>
    public string Peer
    {
        get
        {
            ConnectionInfo connection = HttpContext.Connection;
            return connection.RemoteIpAddress switch
            {
                null => "unix:",
                { IsIPv4MappedToIPv6: true } mapped => $"ipv4:{new IPEndPoint(mapped.MapToIPv4(), connection.RemotePort)}",
                { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } v6 => $"ipv6:{new IPEndPoint(v6, connection.RemotePort)}",
                var v4 => $"ipv4:{new IPEndPoint(v4, connection.RemotePort)}",
            };
        }
    }

    /// <summary>Ends what the handler left reading of the requests.</summary>
    internal Func<Task> LeaveRequests { get; set; } = static () => Task.CompletedTask;

    internal bool DeadlinePassed => HasDeadline && _time.GetElapsedTime(_started) >= _timeout;

    internal bool ClientGone => HttpContext.RequestAborted.IsCancellationRequested;

    internal RpcMetadata? ResponseHeadersIfAny => _responseHeaders;

    internal RpcMetadata? ResponseTrailersIfAny => _responseTrailers;

    /// <summary>One text header without building <see cref="RequestHeaders"/>; null when it is missing, the last one when it is repeated.</summary>
    public string? GetRequestHeader(string key)
    {
        StringValues values = HttpContext.Request.Headers[key];
        return values.Count == 0 ? null : values[^1];
    }

    internal void Finish()
    {
        if (_cancellation is { } cancellation)
        {
            _timer?.Dispose();
            _clientGone.Dispose();
            cancellation.Dispose();
        }
    }

    // Made at the first use: most handlers finish without ever asking for the token.
    private CancellationTokenSource Cancellation()
    {
        if (Volatile.Read(ref _cancellation) is { } present)
        {
            return present;
        }

        var made = new CancellationTokenSource();
        if (Interlocked.CompareExchange(ref _cancellation, made, null) is { } earlier)
        {
            made.Dispose();
            return earlier;
        }

        _clientGone = HttpContext.RequestAborted.UnsafeRegister(static state => ((RpcServerContext)state!).CancelCall(), this);
        _timer = _time.CreateTimer(OnDeadline, this, TimeRemaining!.Value, Timeout.InfiniteTimeSpan);
        return made;
    }

    private void CancelCall()
    {
        try
        {
            Volatile.Read(ref _cancellation)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The call finished meanwhile.
        }
    }

    private RpcMetadata ReadRequestHeaders()
    {
        var metadata = new RpcMetadata();
        foreach ((string name, StringValues values) in HttpContext.Request.Headers)
        {
            if (MetadataNames.IsReserved(name))
            {
                continue;
            }

            string key = name.ToLowerInvariant();
            bool binary = MetadataNames.IsBinary(key);
            foreach (string? value in values)
            {
                if (!binary)
                {
                    metadata.AddReserved(key, value ?? string.Empty);
                }
                else if (!BinaryHeader.TryAdd(metadata, key, value ?? string.Empty))
                {
                    throw new RpcException(RpcStatusCode.Internal, $"The metadata '{key}' is not base64.");
                }
            }
        }

        return metadata;
    }
}
