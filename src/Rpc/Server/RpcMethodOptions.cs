namespace MeshGrains.Rpc;

/// <summary>The bounds of one served method.</summary>
public sealed record RpcMethodOptions
{
    /// <summary>4 MB messages, metadata bounded by Kestrel.</summary>
    public static RpcMethodOptions Default { get; } = new();

    /// <summary>The largest request message, in bytes; a larger one ends the call with RESOURCE_EXHAUSTED before it is gathered.</summary>
    /// <remarks>A single request is also bounded by Kestrel's <c>MaxRequestBodySize</c> (30 MB unless told).</remarks>
    public int MaxReceiveMessageBytes { get; init => field = Positive(value); } = 4 * 1024 * 1024;

    /// <summary>The largest response message, in bytes; a larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int MaxSendMessageBytes { get; init => field = Positive(value); } = 4 * 1024 * 1024;

    /// <summary>
    /// The largest sum of names and values of the request headers, in bytes. Null leaves it to Kestrel's
    /// <c>MaxRequestHeadersTotalSize</c> (32 KB), which costs nothing per call; more than this ends the call with RESOURCE_EXHAUSTED.
    /// </summary>
    public int? MaxMetadataBytes { get; init => field = value is { } given ? Positive(given) : null; }

    private static int Positive(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value);
        return value;
    }
}
