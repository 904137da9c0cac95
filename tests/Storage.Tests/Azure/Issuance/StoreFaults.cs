using System.Collections.Concurrent;
using Azure.Core;
using Azure.Core.Pipeline;

namespace MeshGrains.Storage.Tests;

/// <summary>Stands between a log and its store: counts requests by kind (<c>appendblock</c>, <c>create</c>, <c>lease</c>, <c>read</c>, …) and harms them.</summary>
internal sealed class StoreFaults : HttpPipelinePolicy
{
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private long _bytesRead;

    /// <summary>Asked for each request with its kind and path.</summary>
    public Func<string, string, StoreFault> Choose { get; set; } = (_, _) => StoreFault.None;

    /// <summary>Awaited before a request of this kind is sent.</summary>
    public Func<string, string, Task>? Before { get; set; }

    public int Total => _counts.Values.Sum();

    /// <summary>Bytes of content in the replies to reads.</summary>
    public long BytesRead => Interlocked.Read(ref _bytesRead);

    public int Count(string kind) => _counts.GetValueOrDefault(kind);

    public void Reset()
    {
        _counts.Clear();
        Interlocked.Exchange(ref _bytesRead, 0);
    }

    public override void Process(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline) => throw new NotSupportedException();

    public override async ValueTask ProcessAsync(HttpMessage message, ReadOnlyMemory<HttpPipelinePolicy> pipeline)
    {
        var (kind, path) = (KindOf(message.Request), message.Request.Uri.Path);
        _counts.AddOrUpdate(kind, 1, (_, count) => count + 1);
        if (Before is { } before)
        {
            await before(kind, path);
        }

        switch (Choose(kind, path))
        {
            case StoreFault.LoseRequest:
                throw new IOException("The connection broke.");
            case StoreFault.Hang:
                await Task.Delay(Timeout.InfiniteTimeSpan, message.CancellationToken);
                break;
            case StoreFault.Busy:
                message.Response = new FailedResponse(503, "Server is busy.");
                break;
            case StoreFault.ErrorAfter:
                await ProcessNextAsync(message, pipeline);
                message.Response = new FailedResponse(500, "Operation timed out.");
                break;
            case StoreFault.LoseReply:
                await ProcessNextAsync(message, pipeline);
                throw new IOException("The connection broke.");
            default:
                await ProcessNextAsync(message, pipeline);
                Interlocked.Add(ref _bytesRead, kind == "read" && message.Response.Status is 200 or 206 ? message.Response.Headers.ContentLength ?? 0 : 0);
                break;
        }
    }

    private static string KindOf(Azure.Core.Request request)
    {
        var query = request.Uri.Query;
        return request.Method.Method switch
        {
            "GET" => query.Contains("comp=list") ? "list" : "read",
            "HEAD" => "head",
            "PUT" => query.Contains("comp=appendblock") ? "appendblock"
                : query.Contains("comp=lease") ? "lease"
                : request.Headers.TryGetValue("x-ms-blob-type", out var type) && type == "AppendBlob" ? "create" : "put",
            _ => "other",
        };
    }
}
