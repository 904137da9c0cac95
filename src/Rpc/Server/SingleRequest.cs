using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Rpc.Server;

/// <summary>Reads the one message of a request, straight out of Kestrel's buffers.</summary>
internal sealed class SingleRequest<TRequest>(MessageParser<TRequest> parser, int maxMessageBytes)
    where TRequest : class, IMessage<TRequest>
{
    /// <summary>Null when the body has not arrived whole yet: then <see cref="ReadAsync"/> goes on.</summary>
    /// <exception cref="RpcException">The body is no single message.</exception>
    public TRequest? TryRead(HttpContext http)
    {
        PipeReader body = http.Request.BodyReader;
        return body.TryRead(out ReadResult read) ? Take(http, body, read) : null;
    }

    /// <inheritdoc cref="TryRead"/>
    public async ValueTask<TRequest> ReadAsync(HttpContext http, CancellationToken cancellationToken)
    {
        PipeReader body = http.Request.BodyReader;
        while (true)
        {
            ReadResult read = await body.ReadAsync(cancellationToken);
            if (Take(http, body, read) is { } request)
            {
                return request;
            }
        }
    }

    private TRequest? Take(HttpContext http, PipeReader body, in ReadResult read)
    {
        if (read.IsCanceled)
        {
            throw new OperationCanceledException();
        }

        ReadOnlySequence<byte> rest = read.Buffer;
        FrameStatus status = Frames.TryRead(ref rest, maxMessageBytes, out ReadOnlySequence<byte> message);
        if (status == FrameStatus.Message && !rest.IsEmpty)
        {
            throw FrameErrors.SecondMessage();
        }

        if (status is not (FrameStatus.Message or FrameStatus.Incomplete))
        {
            throw FrameErrors.Of(status, maxMessageBytes, http.Request.Headers.ContainsKey("grpc-encoding"));
        }

        if (!read.IsCompleted)
        {
            // Kept unconsumed until the client has closed its side: nothing is copied, and nothing runs for half a request.
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            return null;
        }

        if (status == FrameStatus.Incomplete)
        {
            throw read.Buffer.IsEmpty ? FrameErrors.NoMessage() : FrameErrors.Of(status, maxMessageBytes, encodingDeclared: false);
        }

        TRequest request;
        try
        {
            request = parser.ParseFrom(message);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw FrameErrors.NotParsed(exception);
        }

        body.AdvanceTo(read.Buffer.End);
        return request;
    }
}
