using System.Collections.Concurrent;

namespace MeshGrains.Grains.Tests;

/// <summary>Answers for endpoints by their host.</summary>
internal sealed class FakeFetcher : IBundleFetcher
{
    public ConcurrentDictionary<string, Func<BundleQuestion, Task<BundleAnswer>>> Hosts { get; } = new(StringComparer.Ordinal);

    public ConcurrentQueue<BundleQuestion> Asked { get; } = new();

    public void Serve(string host, byte[] body) => Hosts[host] = _ => Task.FromResult(BundleAnswer.Good(body));

    public Task<BundleAnswer> FetchAsync(BundleQuestion question, CancellationToken cancellationToken)
    {
        Asked.Enqueue(question);
        return Hosts.TryGetValue(question.Url.Host, out var answer) ? answer(question) : Task.FromResult(BundleAnswer.Bad("unreachable", "nobody is there"));
    }
}
