using System.Net;

namespace MeshGrains.Gateway.Relay;

/// <summary>A body in memory that tells whether its sending was begun: before that, a silo has nothing that it could serve.</summary>
internal sealed class MarkedContent(byte[] body) : HttpContent
{
    private volatile bool _begun;

    public bool Begun => _begun;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _begun = true;
        await stream.WriteAsync(body, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
