using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>Looks four times a second at the bundle that each silo serves, and keeps the newest: what a relying party trusts that follows at once.</summary>
internal sealed class RootWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<SpiffeBundle> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;
    private SpiffeBundle? _newest;

    public RootWatch(MeshCluster cluster) => _running = Task.WhenAll(cluster.Silos.Select(silo => Task.Run(() => LookAsync(silo))));

    public RootTimeline Timeline { get; } = new();

    public Task<SpiffeBundle> First => _first.Task;

    public SpiffeBundle Newest => Volatile.Read(ref _newest) ?? throw new InvalidOperationException("No bundle was seen yet.");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task LookAsync(ClusterMember silo)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (silo.Endpoints is { AdminSocket: { } socket })
                {
                    using var admin = new AdminClient(socket, Patience);
                    See(await admin.SpiffeBundleAsync(_stop.Token));
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                // The silo is starting, frozen or gone.
            }

            await Pausing.ForAsync(Pace, _stop.Token);
        }
    }

    private void See(SpiffeBundle bundle)
    {
        lock (_first)
        {
            if (Timeline.See(DateTimeOffset.UtcNow, bundle.Sequence ?? 0, bundle.X509Authorities.Select(root => root.AuthorityId)))
            {
                Volatile.Write(ref _newest, bundle);
                _first.TrySetResult(bundle);
            }
        }
    }
}
