using System.IO.Pipelines;
using Google.Protobuf;
using MeshGrains.Rpc.Server;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Rpc;

/// <summary>Streams responses to a client; one write at a time.</summary>
public sealed class RpcResponseWriter<TResponse>
    where TResponse : class, IMessage<TResponse>
{
    private readonly RpcServerContext _context;
    private readonly int _maxMessageBytes;
    private int _writing;

    internal RpcResponseWriter(RpcServerContext context, int maxMessageBytes)
    {
        _context = context;
        _maxMessageBytes = maxMessageBytes;
    }

    /// <summary>Sends one message. It completes late when the client reads slowly: awaiting it is the back-pressure.</summary>
    /// <exception cref="InvalidOperationException">The write before this one has not completed.</exception>
    /// <exception cref="OperationCanceledException">The client is gone, the deadline passed, or the token was cancelled.</exception>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: the message is over the method's limit.</exception>
    public ValueTask WriteAsync(TResponse message, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(message);
        return SendAsync(message, cancellationToken);
    }

    /// <summary>Sends the response headers now instead of with the first message.</summary>
    public ValueTask SendHeadersAsync(CancellationToken cancellationToken = default) => SendAsync(null, cancellationToken);

    private async ValueTask SendAsync(TResponse? message, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _writing, 1) == 1)
        {
            throw new InvalidOperationException("The write before this one has not completed; await it first.");
        }

        try
        {
            CancellationToken call = _context.CancellationToken;
            call.ThrowIfCancellationRequested();
            HttpResponse response = _context.HttpContext.Response;
            if (!response.HasStarted)
            {
                await RpcMethod.StartResponse(_context);
            }

            if (message is not null)
            {
                Frames.Write(response.BodyWriter, message, _maxMessageBytes);
            }

            using CancellationTokenSource? linked = cancellationToken.CanBeCanceled && cancellationToken != call
                ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call)
                : null;
            FlushResult flushed = await response.BodyWriter.FlushAsync(linked?.Token ?? call);
            if (flushed.IsCompleted || flushed.IsCanceled)
            {
                throw new OperationCanceledException("The client no longer reads.");
            }
        }
        finally
        {
            Volatile.Write(ref _writing, 0);
        }
    }
}
