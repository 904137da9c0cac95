using System.IO.Pipelines;

namespace MeshGrains.Gateway;

internal sealed class PacedTransport(IDuplexPipe transport, PipeReader input) : IDuplexPipe
{
    public PipeReader Input { get; } = input;

    public PipeWriter Output => transport.Output;
}
