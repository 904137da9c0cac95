using System.Net.Security;

namespace MeshGrains.Rpc;

/// <summary>How a <see cref="RpcChannel"/> connects and what it accepts.</summary>
public sealed record RpcChannelOptions
{
    /// <summary>
    /// TLS for an <c>https</c> address: client certificate context, trust, validation callback, target host. Null takes the platform's trust.
    /// </summary>
    public SslClientAuthenticationOptions? Tls { get; init; }

    /// <summary>Connects to this Unix socket instead of the address, which then only names the authority.</summary>
    public string? UnixSocketPath { get; init; }

    /// <summary>Opens another connection when one has reached the server's limit of concurrent streams.</summary>
    public bool EnableMultipleHttp2Connections { get; init; } = true;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection older than this takes no new calls; keep it below a client certificate's life. Infinite by default.</summary>
    public TimeSpan PooledConnectionLifetime { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Pings an idle connection that carries calls after this time; infinite (off) by default.</summary>
    public TimeSpan KeepAlivePingDelay { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long a ping may go unanswered before the connection counts as dead.</summary>
    public TimeSpan KeepAlivePingTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The largest response message, in bytes; a larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int MaxReceiveMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest request message, in bytes; a larger one fails with RESOURCE_EXHAUSTED before anything is sent.</summary>
    public int MaxSendMessageBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest block of response headers, in KB.</summary>
    public int MaxResponseHeadersKilobytes { get; init; } = 32;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>A last word on the handler before the first call.</summary>
    public Action<SocketsHttpHandler>? ConfigureHandler { get; init; }
}
