using Google.Protobuf;
using MeshGrains.Rpc.Client;

namespace MeshGrains.Rpc;

/// <summary>The responses of a server-streaming call. Disposing it before the end cancels the call.</summary>
public sealed class RpcServerStreamingCall<TResponse> : IAsyncEnumerable<TResponse>, IDisposable
    where TResponse : class, IMessage<TResponse>
{
    private readonly ClientCall<TResponse> _call;

    internal RpcServerStreamingCall(ClientCall<TResponse> call) => _call = call;

    /// <summary>What came beside the status; empty before the end.</summary>
    public RpcMetadata Trailers => _call.Trailers;

    /// <summary>The response headers, once they are there.</summary>
    public ValueTask<RpcMetadata> GetHeadersAsync() => _call.HeadersAsync();

    /// <summary>The next response; null after the last one, when the status is OK.</summary>
    /// <exception cref="RpcException">The call ended with a status other than OK.</exception>
    public ValueTask<TResponse?> ReadAsync() => _call.ReadAsync();

    public async IAsyncEnumerator<TResponse> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await ReadAsync() is { } message)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return message;
        }
    }

    public void Dispose() => _call.Dispose();
}
