using Google.Protobuf;
using MeshGrains.Rpc.Client;

namespace MeshGrains.Rpc;

/// <summary>A client-streaming call. Disposing it before the end cancels the call.</summary>
public sealed class RpcClientStreamingCall<TRequest, TResponse> : IDisposable
    where TRequest : class, IMessage<TRequest>
    where TResponse : class, IMessage<TResponse>
{
    private readonly ClientCall<TResponse> _call;
    private readonly RequestWriter<TRequest> _requests;

    internal RpcClientStreamingCall(ClientCall<TResponse> call, RequestWriter<TRequest> requests)
    {
        _call = call;
        _requests = requests;
    }

    /// <summary>What came beside the status; empty before the end.</summary>
    public RpcMetadata Trailers => _call.Trailers;

    /// <summary>Sends one request; awaiting it is the back-pressure.</summary>
    /// <exception cref="RpcException">The call has ended, with its status where that is known.</exception>
    public Task WriteAsync(TRequest message, CancellationToken cancellationToken = default) => _requests.WriteAsync(message, cancellationToken);

    /// <summary>Closes the requests and waits for the response.</summary>
    /// <exception cref="RpcException">The call ended with a status other than OK.</exception>
    public async Task<TResponse> CompleteAsync()
    {
        _requests.Complete();
        return await _call.ReadSingleAsync();
    }

    public void Dispose() => _call.Dispose();
}
