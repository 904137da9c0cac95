namespace MeshGrains.Bench;

/// <summary>Looks four times a second at the bundle that each silo serves: how often its number or its content changed.</summary>
internal sealed class BundleWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly HashSet<string> _bundles = new(StringComparer.Ordinal);

    public BundleWatch(MeshCluster cluster) => _running = Task.Run(() => LookAsync(cluster));

    /// <summary>Different bundles beyond the first.</summary>
    public int Changes => Math.Max(0, _bundles.Count - 1);

    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task LookAsync(MeshCluster cluster)
    {
        while (!_stop.IsCancellationRequested)
        {
            foreach (var silo in cluster.Silos)
            {
                try
                {
                    if (silo.Endpoints is { AdminSocket: { } socket })
                    {
                        using var admin = new AdminClient(socket, Patience);

                        // A bundle is an immutable, numbered document: its text is its number and its content.
                        // The cluster's JWT key joins it a moment after the first silo is ready: what was before belongs to the start.
                        var bundle = await admin.BundleAsync(_stop.Token);
                        if (bundle.Contains("jwt-svid", StringComparison.Ordinal))
                        {
                            _bundles.Add(bundle);
                        }
                    }
                }
                catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
                {
                    // The silo is starting, frozen or gone.
                }
            }

            await Pausing.ForAsync(Pace, _stop.Token);
        }
    }
}
