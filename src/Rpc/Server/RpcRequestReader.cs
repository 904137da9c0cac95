using System.Buffers;
using System.IO.Pipelines;
using Google.Protobuf;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Rpc;

/// <summary>The messages that a client streams, one after another; read once and by one reader at a time.</summary>
/// <remarks>Nothing is read ahead beyond HTTP/2's own window, so a slow handler slows its client.</remarks>
public sealed class RpcRequestReader<TRequest> : IAsyncEnumerable<TRequest>
    where TRequest : class, IMessage<TRequest>
{
    private readonly RpcServerContext _context;
    private readonly MessageParser<TRequest> _parser;
    private readonly int _maxMessageBytes;
    private volatile TaskCompletionSource? _reading;
    private volatile bool _left;
    private bool _ended;

    internal RpcRequestReader(RpcServerContext context, MessageParser<TRequest> parser, int maxMessageBytes)
    {
        _context = context;
        _parser = parser;
        _maxMessageBytes = maxMessageBytes;
        context.LeaveRequests = LeaveAsync;
    }

    /// <summary>The next message; null when the client has closed its side.</summary>
    /// <exception cref="RpcException">What came is no message, or over the limit; left uncaught it ends the call with the status that belongs to it.</exception>
    /// <exception cref="OperationCanceledException">The client is gone, the deadline passed, or the token was cancelled.</exception>
    public async ValueTask<TRequest?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_ended)
        {
            return null;
        }

        TaskCompletionSource reading = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _reading = reading;
        try
        {
            return _left ? throw new OperationCanceledException("The call has ended.") : await NextAsync(cancellationToken);
        }
        finally
        {
            reading.SetResult();
        }
    }

    /// <summary>
    /// Ends a read that a handler left behind: the server uses streams again, and a reader of the last call would take what belongs to the next one.
    /// </summary>
    private async Task LeaveAsync()
    {
        _left = true;
        if (_reading is { Task.IsCompleted: false } behind)
        {
            _context.HttpContext.Request.BodyReader.CancelPendingRead();
            await behind.Task;
        }
    }

    private async ValueTask<TRequest?> NextAsync(CancellationToken cancellationToken)
    {
        HttpRequest http = _context.HttpContext.Request;
        PipeReader body = http.BodyReader;
        using CancellationTokenSource? linked = Link(cancellationToken);
        CancellationToken token = linked?.Token ?? _context.CancellationToken;
        while (true)
        {
            ReadResult read = await body.ReadAsync(token);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                throw new OperationCanceledException("The call has ended.");
            }

            ReadOnlySequence<byte> rest = read.Buffer;
            FrameStatus status = Frames.TryRead(ref rest, _maxMessageBytes, out ReadOnlySequence<byte> frame);
            if (status == FrameStatus.Message)
            {
                TRequest message = Parse(frame);
                body.AdvanceTo(rest.Start);
                return message;
            }

            if (status != FrameStatus.Incomplete)
            {
                throw FrameErrors.Of(status, _maxMessageBytes, http.Headers.ContainsKey("grpc-encoding"));
            }

            if (read.IsCompleted)
            {
                _ended = true;
                return read.Buffer.IsEmpty ? null : throw FrameErrors.Of(FrameStatus.Incomplete, _maxMessageBytes, encodingDeclared: false);
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public async IAsyncEnumerator<TRequest> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await ReadAsync(cancellationToken) is { } message)
        {
            yield return message;
        }
    }

    private CancellationTokenSource? Link(CancellationToken own) =>
        own.CanBeCanceled && own != _context.CancellationToken
            ? CancellationTokenSource.CreateLinkedTokenSource(own, _context.CancellationToken)
            : null;

    private TRequest Parse(ReadOnlySequence<byte> frame)
    {
        try
        {
            return _parser.ParseFrom(frame);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw FrameErrors.NotParsed(exception);
        }
    }
}
