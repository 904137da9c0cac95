namespace MeshGrains.Bench;

/// <summary>Looks four times a second at the bundle that each silo serves: how often its number or its content changed.</summary>
internal sealed class BundleWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private readonly HashSet<string> _bundles = new(StringComparer.Ordinal);

    /// <param name="cluster">Whose silos are asked.</param>
    /// <param name="jwt">The cluster has a JWT key. It joins the bundle a moment after the first silo is ready: what was before belongs to the start.</param>
    public BundleWatch(MeshCluster cluster, bool jwt = true) => _running = Task.Run(() => LookAsync(cluster, jwt));

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

    private async Task LookAsync(MeshCluster cluster, bool jwt)
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
                        var bundle = await admin.BundleAsync(_stop.Token);
                        if (!jwt || bundle.Contains("jwt-svid", StringComparison.Ordinal))
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
