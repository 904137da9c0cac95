using Azure.Core;
using Azure.Core.Pipeline;

namespace MeshGrains.Storage.Tests;

/// <summary>Counts what a store asks of the blob service, and can hold a request up before it is sent or lose the reply to it.</summary>
internal sealed class RequestCounter : HttpPipelinePolicy
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>Called before each request with its method and path.</summary>
    public Func<string, string, Task>? Before { get; set; }

    /// <summary>The reply to the next request that this picks is lost once the store has taken it.</summary>
    public Func<string, string, bool>? LoseReply { get; set; }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Interlocked.Increment(ref _count);
        ProcessNext(message, pipeline);
    }

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        Interlocked.Increment(ref _count);
        if (Before is { } before)
        {
            await before(message.Request.Method.Method, message.Request.Uri.Path);
        }

        await ProcessNextAsync(message, pipeline);
        if (LoseReply is { } lose && lose(message.Request.Method.Method, message.Request.Uri.Path))
        {
            LoseReply = null;
            throw new IOException("The connection was cut.");
        }
    }
}
