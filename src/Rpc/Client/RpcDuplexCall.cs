using Google.Protobuf;
using MeshGrains.Rpc.Client;

namespace MeshGrains.Rpc;

/// <summary>A duplex call: one writer and one reader at a time, independent of each other. Disposing it before the end cancels the call.</summary>
public sealed class RpcDuplexCall<TRequest, TResponse> : IDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly ClientCall<TResponse> _call;
    private readonly RequestWriter<TRequest> _requests;

    internal RpcDuplexCall(ClientCall<TResponse> call, RequestWriter<TRequest> requests)
    {
        _call = call;
        _requests = requests;
    }

    /// <summary>What came beside the status; empty before the end.</summary>
    public RpcMetadata Trailers => _call.Trailers;

    /// <summary>The response headers, once they are there.</summary>
    public ValueTask<RpcMetadata> GetHeadersAsync() => _call.HeadersAsync();

    /// <summary>Sends one request; awaiting it is the back-pressure.</summary>
    /// <exception cref="RpcException">The call has ended, with its status where that is known; reading tells it for certain.</exception>
    public Task WriteAsync(TRequest message, CancellationToken cancellationToken = default) => _requests.WriteAsync(message, cancellationToken);

    /// <summary>Closes the requests; responses may go on.</summary>
    public void CompleteRequests() => _requests.Complete();

    /// <summary>The next response; null after the last one, when the status is OK.</summary>
    /// <exception cref="RpcException">The call ended with a status other than OK.</exception>
    public ValueTask<TResponse?> ReadAsync() => _call.ReadAsync();

    /// <summary>Every response until the end; failures as in <see cref="ReadAsync"/>.</summary>
    public async IAsyncEnumerable<TResponse> ReadAllAsync()
    {
        while (await ReadAsync() is { } message)
        {
            yield return message;
        }
    }

    public void Dispose() => _call.Dispose();
}
