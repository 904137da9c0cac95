using System.Buffers;
using System.Net;
using Google.Protobuf;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc.Client;

/// <summary>A body of one message, written in one piece.</summary>
internal sealed class SingleMessageContent<TRequest>(TRequest request, int maxMessageBytes) : HttpContent
    where TRequest : class, IMessage<TRequest>
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        ArraySegment<byte> frame = Frames.Rent(request, maxMessageBytes);
        try
        {
            await stream.WriteAsync(frame, cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame.Array!);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
