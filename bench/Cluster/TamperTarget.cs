namespace MeshGrains.Bench;

/// <summary>The stores of a drill's cluster as an attacker reaches them, and every earlier content that was seen of the state.</summary>
internal sealed class TamperTarget : IAsyncDisposable
{
    public const string State = "meshgrains";
    public const string Log = "meshgrains-log";
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, List<StoredBlob>> _history = new(StringComparer.Ordinal);
    private readonly Task _watching;

    public TamperTarget(BlobAddress address)
    {
        Blobs = new BlobRest(address);
        _watching = Task.Run(WatchAsync);
    }

    public BlobRest Blobs { get; }

    /// <summary>Ends the keeping of earlier contents; each look reads everything.</summary>
    public async Task StopWatchingAsync()
    {
        await _stop.CancelAsync();
        await _watching;
    }

    /// <summary>The contents that a state blob had while it was watched, the oldest first.</summary>
    public IReadOnlyList<StoredBlob> Earlier(string name) => _history.GetValueOrDefault(name, []);

    /// <summary>The only state blob whose name holds this.</summary>
    /// <exception cref="InvalidOperationException">There is none, or there are several.</exception>
    public async Task<StoredBlob> OneAsync(string part, CancellationToken cancellationToken)
    {
        var names = (await Blobs.ListAsync(State, cancellationToken)).Where(name => name.Contains(part, StringComparison.Ordinal)).ToArray();
        return names.Length == 1
            ? (await Blobs.ReadAsync(State, names[0], cancellationToken))!
            : throw new InvalidOperationException($"{names.Length} state blobs have '{part}' in their names: {string.Join(", ", names.Take(5))}");
    }

    public async ValueTask DisposeAsync()
    {
        await StopWatchingAsync();
        _stop.Dispose();
        Blobs.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                foreach (var blob in await Blobs.ReadAllAsync(State, _stop.Token))
                {
                    if (!_history.TryGetValue(blob.Name, out var seen))
                    {
                        _history[blob.Name] = seen = [];
                    }

                    if (seen.Count == 0 || !seen[^1].Content.AsSpan().SequenceEqual(blob.Content))
                    {
                        seen.Add(blob);
                    }
                }
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                // The next look.
            }

            await Pausing.ForAsync(Pace, _stop.Token);
        }
    }
}
