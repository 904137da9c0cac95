using System.Net;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// A request's body, passed on as it comes: one buffer, and nothing is read before the last was taken, so that the slower side holds the faster back.
/// </summary>
internal sealed class PassedContent(Stream body, CancellationToken ended) : HttpContent
{
    private const int BufferBytes = 16 * 1024;

    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _begun;

    public bool Begun => _begun;

    /// <summary>Done when the body is no longer read; at once when that never began.</summary>
    public Task Done => _begun ? _done.Task : Task.CompletedTask;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _begun = true;
        try
        {
            using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended);
            // The headers leave before the first byte comes: a stream's client may wait for them.
            await stream.FlushAsync(both.Token);
            var buffer = new byte[BufferBytes];
            while (await body.ReadAsync(buffer, both.Token) is var read && read > 0)
            {
                await stream.WriteAsync(buffer.AsMemory(0, read), both.Token);
                await stream.FlushAsync(both.Token);
            }
        }
        finally
        {
            _done.TrySetResult();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
