using System.Collections.Concurrent;
using System.Diagnostics;

namespace MeshGrains.Bench;

/// <summary>
/// Steady requests to the proxies in turn, each over a connection of its own; and a few kept connections besides, which a proxy closes when it reloads. A
/// request that a kept connection swallowed is made once more on a new one.
/// </summary>
internal sealed class ProxyTraffic : IAsyncDisposable
{
    private const int Clients = 6;
    private const int KeptPerTarget = 2;
    private const int ToldFailures = 5;
    private static readonly TimeSpan KeptPace = TimeSpan.FromMilliseconds(50);

    private readonly IReadOnlyList<ProxyTarget> _targets;
    private readonly Func<ClientIdentity> _identity;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<string> _failures = [];
    private readonly ConcurrentBag<long> _moments = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private readonly Task _running;
    private int _requests;
    private int _failed;
    private int _keptRequests;
    private int _reconnects;

    /// <param name="targets">Asked in turn.</param>
    /// <param name="perSecond">New connections a second in all.</param>
    /// <param name="identity">What a client shows, asked before each handshake.</param>
    public ProxyTraffic(IReadOnlyList<ProxyTarget> targets, double perSecond, Func<ClientIdentity> identity)
    {
        (_targets, _identity) = (targets, identity);
        _running = Task.WhenAll(
            Enumerable.Range(0, Clients).Select(i => Task.Run(() => KnockAsync(i, TimeSpan.FromSeconds(Clients / perSecond))))
                .Concat(targets.SelectMany(target => Enumerable.Range(0, KeptPerTarget).Select(_ => Task.Run(() => StayAsync(target))))));
    }

    /// <summary>When each of them began (<see cref="Stopwatch.GetTimestamp"/>), in no order.</summary>
    public IReadOnlyList<long> Moments => [.. _moments];

    /// <summary>Requests with a handshake of their own.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Handshakes, or first requests after one, that did not end well, those of kept connections included.</summary>
    public int Failed => Volatile.Read(ref _failed);

    public int KeptRequests => Volatile.Read(ref _keptRequests);

    /// <summary>Kept connections that a proxy closed and that were opened anew.</summary>
    public int Reconnects => Volatile.Read(ref _reconnects);

    /// <summary>The first few failures in words; empty when there was none.</summary>
    public string Told
    {
        get
        {
            lock (_failures)
            {
                return string.Join("; ", _failures);
            }
        }
    }

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

    private async Task KnockAsync(int first, TimeSpan pace)
    {
        using var timer = new PeriodicTimer(pace);
        for (var turn = first; !_stop.IsCancellationRequested; turn++)
        {
            // What is under way when the traffic stops is brought to its end: it counts too.
            Interlocked.Increment(ref _requests);
            _moments.Add(Stopwatch.GetTimestamp());
            var target = _targets[turn % _targets.Count];
            try
            {
                await using var connection = await ProxyConnection.OpenAsync(target, _identity(), CancellationToken.None);
                await connection.AskAsync(keep: false, CancellationToken.None);
            }
            catch (IOException failure)
            {
                Fail(target, failure);
            }

            await NextAsync(timer);
        }
    }

    private async Task StayAsync(ProxyTarget target)
    {
        ProxyConnection? connection = null;
        using var timer = new PeriodicTimer(KeptPace);
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                var isNew = connection is null;
                try
                {
                    connection ??= await ProxyConnection.OpenAsync(target, _identity(), CancellationToken.None);
                    Interlocked.Increment(ref _keptRequests);
                    if (await connection.AskAsync(keep: true, CancellationToken.None))
                    {
                        await NextAsync(timer);
                        continue;
                    }
                }
                catch (IOException failure)
                {
                    if (isNew)
                    {
                        Fail(target, failure);
                        await NextAsync(timer);
                    }
                }

                // Closed by a reload, with a word or without: the next round opens a new one at once.
                if (!isNew)
                {
                    Interlocked.Increment(ref _reconnects);
                }

                await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
                connection = null;
            }
        }
        finally
        {
            await (connection?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
    }

    private async Task NextAsync(PeriodicTimer timer)
    {
        try
        {
            await timer.WaitForNextTickAsync(_stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The traffic ends.
        }
    }

    private void Fail(ProxyTarget target, IOException failure)
    {
        Interlocked.Increment(ref _failed);
        lock (_failures)
        {
            if (_failures.Count < ToldFailures)
            {
                _failures.Add($"{Stopwatch.GetElapsedTime(_began).TotalSeconds:0.0} s after the start, {target.Name}: {failure.Message}");
            }
        }
    }
}
