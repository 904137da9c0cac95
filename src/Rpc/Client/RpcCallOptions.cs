namespace MeshGrains.Rpc;

/// <summary>What one call adds to its channel.</summary>
public sealed record RpcCallOptions
{
    public static RpcCallOptions Default { get; } = new();

    /// <summary>Sent with the request.</summary>
    public RpcMetadata? Headers { get; init; }

    /// <summary>How long the caller waits, from now: told to the server as <c>grpc-timeout</c> and kept locally. Null waits for ever.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Overrides the channel's bound on response messages, in bytes.</summary>
    public int? MaxReceiveMessageBytes { get; init; }
}
