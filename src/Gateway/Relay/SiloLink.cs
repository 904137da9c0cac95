using System.Net;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Relay;

/// <summary>One silo as a relay sees it: calls in flight, health, and the client that is made anew when the bootstrap certificate changes.</summary>
internal sealed class SiloLink(IPEndPoint endPoint, SiloLinkFactory factory, TimeSpan ejection, RelayMetrics metrics, TimeProvider time, ILogger logger) : IDisposable
{
    // No name service is asked about it: the link's address is fixed.
    private const string Base = "https://silo";

    private const int MostDoublings = 3;
    private const int DeclinedInRow = 3;

    private readonly Lock _gate = new();
    private readonly List<HttpMessageInvoker> _retired = [];
    private HttpMessageInvoker? _client;
    private RelayIdentity? _identity;
    private bool _disposed;
    private int _inFlight;
    private int _asking;
    private int _failures;
    private int _declined;
    private long _answered;
    private bool? _ready;
    private DateTimeOffset _ejectedUntil;

    public IPEndPoint EndPoint { get; } = endPoint;

    public string Name { get; } = endPoint.ToString();

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Whether it has answered that it is ready; null before it was asked.</summary>
    public bool? Ready
    {
        get
        {
            lock (_gate)
            {
                return _ready;
            }
        }
    }

    public bool IsEjected
    {
        get
        {
            lock (_gate)
            {
                return _ejectedUntil > time.GetUtcNow();
            }
        }
    }

    /// <summary>Where requests go; whatever the path is, the host stays ours.</summary>
    public static Uri Uri(string pathAndQuery) => new(pathAndQuery is ['/', ..] ? Base + pathAndQuery : $"{Base}/{pathAndQuery}");

    /// <summary>Sends a request to a <see cref="Uri"/> of ours, between <see cref="Enter"/> and its end; the answer's headers end the wait.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        request.Version = HttpVersion.Version20;
        request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        return await Take().SendAsync(request, cancellationToken);
    }

    /// <summary>Counts a call in until the result is disposed, which is after its answer was.</summary>
    public IDisposable Enter()
    {
        Interlocked.Increment(ref _inFlight);
        return new InFlightCall(this);
    }

    /// <summary>False while another question is under way.</summary>
    public bool TryBeginAsking() => Interlocked.Exchange(ref _asking, 1) == 0;

    public void EndAsking() => Volatile.Write(ref _asking, 0);

    /// <summary>A call came through.</summary>
    public void Succeeded()
    {
        lock (_gate)
        {
            (_failures, _declined, _answered) = (0, 0, time.GetTimestamp());
        }
    }

    /// <summary>
    /// A call that began at <paramref name="began"/> got no answer in its time. Where another one, or a probe, was answered meanwhile, that is the call's own affair:
    /// no caller gets a silo left out for others.
    /// </summary>
    public void TimedOut(long began, string reason)
    {
        lock (_gate)
        {
            if (_answered >= began)
            {
                return;
            }
        }

        Eject(reason);
    }

    /// <summary>
    /// The silo said that it cannot serve a call now. While its probes say that it is well that may be for the call's own sake, so that only several
    /// in a row count: no caller gets a silo left out for others.
    /// </summary>
    public void Declined(string reason)
    {
        lock (_gate)
        {
            if (++_declined < DeclinedInRow && _ready is not null)
            {
                return;
            }
        }

        Eject(reason);
    }

    /// <summary>Leaves the silo out for a while: longer each time until a call or a probe comes through.</summary>
    public void Eject(string reason)
    {
        TimeSpan left;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_ejectedUntil > now)
            {
                return;
            }

            left = ejection * (1 << Math.Min(_failures++, MostDoublings));
            _ejectedUntil = now + left;

            // What it said before counts no more: after its time it comes behind every silo that says it is ready.
            _ready = null;
        }

        metrics.Ejected();
        RelayLog.Ejected(logger, Name, left, reason);
    }

    /// <summary>What the silo said of itself, now.</summary>
    public void Told(bool ready)
    {
        bool changed;
        lock (_gate)
        {
            changed = _ready != ready || _ejectedUntil > time.GetUtcNow();
            _ready = ready;
            (_ejectedUntil, _failures, _declined, _answered) = (default, 0, 0, time.GetTimestamp());
        }

        if (changed)
        {
            if (ready)
            {
                RelayLog.Ready(logger, Name);
            }
            else
            {
                RelayLog.NotReady(logger, Name);
            }
        }
    }

    /// <summary>Calls under way go on to their end; there are no new ones.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Retire();
        }
    }

    private HttpMessageInvoker Take()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                throw new HttpRequestException(HttpRequestError.ConnectionError, "The silo is no longer among those known.");
            }

            var identity = factory.Identity;
            if (_client is null || !ReferenceEquals(_identity, identity))
            {
                Retire();
                (_client, _identity) = (factory.Create(EndPoint, identity), identity);
            }

            return _client;
        }
    }

    // Disposing a client cuts its streams: a retired one waits until the link has no call.
    private void Retire()
    {
        if (_client is { } client)
        {
            _retired.Add(client);
            _client = null;
        }

        if (InFlight == 0)
        {
            DisposeRetired();
        }
    }

    private void Quiet()
    {
        lock (_gate)
        {
            if (InFlight == 0)
            {
                DisposeRetired();
            }
        }
    }

    private void DisposeRetired()
    {
        foreach (var client in _retired)
        {
            client.Dispose();
        }

        _retired.Clear();
    }

    private sealed class InFlightCall(SiloLink link) : IDisposable
    {
        private SiloLink? _link = link;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _link, null) is { } one && Interlocked.Decrement(ref one._inFlight) == 0)
            {
                one.Quiet();
            }
        }
    }
}
