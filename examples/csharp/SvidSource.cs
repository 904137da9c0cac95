using MeshGrains.Rpc;
using MeshGrains.Rpc.Spiffe;

namespace WorkloadExample;

/// <summary>
/// Keeps this process's SVID fresh: one stream of the Workload API, opened again when it ends. <paramref name="hint"/> chooses among several identities.
/// </summary>
internal sealed class SvidSource(string hint)
{
    private const string Method = "/SpiffeWorkloadAPI/FetchX509SVID";
    private const string Scheme = "unix://";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly TaskCompletionSource<Svid> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Svid? _current;

    /// <summary>The newest, once <see cref="RunAsync"/> has got one.</summary>
    public Svid Current => _current ?? throw new InvalidOperationException("There is no SVID yet.");

    public Task<Svid> FirstAsync(TimeSpan patience) => _first.Task.WaitAsync(patience);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var socket = Environment.GetEnvironmentVariable("SPIFFE_ENDPOINT_SOCKET") ?? throw new InvalidOperationException("Set SPIFFE_ENDPOINT_SOCKET, such as unix:///run/meshgrains/agent/api.sock.");
        using var channel = new RpcChannel(
            new Uri("http://localhost"), new RpcChannelOptions { UnixSocketPath = socket.StartsWith(Scheme, StringComparison.Ordinal) ? socket[Scheme.Length..] : socket });
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                // Without this header the agent answers nobody: it keeps a browser or a proxy from being tricked into the call.
                var options = new RpcCallOptions { Headers = new RpcMetadata { { "workload.spiffe.io", "true" } } };
                using var call = channel.ServerStreaming(Method, new X509SVIDRequest(), X509SVIDResponse.Parser, options, cancellationToken);
                await foreach (var response in call)
                {
                    if (response.Svids.FirstOrDefault(svid => svid.Hint == hint) is { } svid)
                    {
                        _current = Svid.Read(svid);
                        _first.TrySetResult(_current);
                    }
                }
            }
            catch (Exception failure) when (failure is RpcException or OperationCanceledException)
            {
                // What is held goes on serving until it ends.
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
