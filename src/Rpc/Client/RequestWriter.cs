using System.Buffers;
using Google.Protobuf;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc.Client;

/// <summary>The request side of a streaming call.</summary>
internal sealed class RequestWriter<TRequest>(StreamingContent content, IClientCall call, int maxMessageBytes)
    where TRequest : class, IMessage<TRequest>
{
    private int _writing;
    private bool _completed;

    public async Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (_completed)
        {
            throw new InvalidOperationException("The requests of this call are complete already.");
        }

        if (Interlocked.Exchange(ref _writing, 1) == 1)
        {
            throw new InvalidOperationException("The write before this one has not completed; await it first.");
        }

        ArraySegment<byte> frame = default;
        try
        {
            frame = Frames.Rent(message, maxMessageBytes);
            using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.Lifetime);
            Stream stream = await OpenedAsync(both.Token);
            await stream.WriteAsync(frame, both.Token);
            await stream.FlushAsync(both.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception) when (exception is not RpcException)
        {
            throw await call.WhyWritingFailedAsync(exception);
        }
        finally
        {
            if (frame.Array is not null)
            {
                ArrayPool<byte>.Shared.Return(frame.Array);
            }

            Volatile.Write(ref _writing, 0);
        }
    }

    public void Complete()
    {
        _completed = true;
        content.Complete();
    }

    // A call that fails before its connection took the body never opens the stream.
    private async Task<Stream> OpenedAsync(CancellationToken cancellationToken)
    {
        if (await Task.WhenAny(content.Stream, call.Sending).WaitAsync(cancellationToken) == content.Stream)
        {
            return await content.Stream;
        }

        throw new IOException("The call ended before its requests could be sent.");
    }
}
