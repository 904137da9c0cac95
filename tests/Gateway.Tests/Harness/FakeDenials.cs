using System.Collections.Concurrent;
using MeshGrains.Gateway.Administration;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Harness;

internal sealed class FakeDenials : IOperatorDenials
{
    public Refusal? Answer { get; set; }

    public ConcurrentQueue<ParsedClientChain> Seen { get; } = new();

    public Refusal? Check(ParsedClientChain client)
    {
        Seen.Enqueue(client);
        return Answer;
    }
}
