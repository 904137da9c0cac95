using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>
/// Bounds of connections, before the TLS handshake is paid for: open ones in all and per address, new ones a second per address, bytes a second
/// on each. Used as connection middleware in front of TLS: <c>listen.Use(limiter.Wrap)</c>.
/// </summary>
internal sealed class ConnectionLimiter
{
    private readonly TimeProvider _time;
    private readonly GatewayRefusalMetrics _metrics;
    private readonly long _origin;
    private readonly BoundedTable<ulong, ConnectionEntry> _addresses;
    private readonly int _maxOpen;
    private readonly int _maxOpenPerAddress;
    private readonly Rate _handshakes;
    private readonly Rate _bytes;
    private int _open;

    public ConnectionLimiter(IOptions<LimitsOptions> options, TimeProvider time, GatewayRefusalMetrics metrics)
    {
        var limits = options.Value;
        _time = time;
        _metrics = metrics;
        _origin = time.GetTimestamp();
        _addresses = new BoundedTable<ulong, ConnectionEntry>(limits.MaxAddresses, AddressKey.Comparer);
        _maxOpen = limits.MaxConnections;
        _maxOpenPerAddress = limits.MaxConnectionsPerAddress;
        _handshakes = new Rate(limits.HandshakeBurstPerAddress, limits.HandshakesPerSecondPerAddress);
        _bytes = new Rate(limits.ByteBurstPerConnection, limits.BytesPerSecondPerConnection);
    }

    public int Open => Volatile.Read(ref _open);

    private double Now => _time.GetElapsedTime(_origin).TotalSeconds;

    /// <summary>Closes a connection beyond a limit at once, and slows down one that sends too fast.</summary>
    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        using var lease = TryOpen((connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.Loopback);
        if (lease is null)
        {
            connection.Abort(new ConnectionAbortedException("The connection is beyond a limit."));
            return;
        }

        var transport = connection.Transport;
        connection.Transport = new PacedTransport(transport, new PacedReader(transport.Input, _bytes, _time, connection.ConnectionClosed));
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            connection.Transport = transport;
        }
    };

    /// <summary>Counts a new connection; null when it is one too many. Disposing the lease counts it out.</summary>
    public IDisposable? TryOpen(IPAddress remote)
    {
        if (Interlocked.Increment(ref _open) > _maxOpen)
        {
            Interlocked.Decrement(ref _open);
            _metrics.Connection("connections");
            return null;
        }

        string reason;
        using (var held = _addresses.Hold(AddressKey.Of(remote)))
        {
            var address = held.Entry;
            if (Volatile.Read(ref address.Open) >= _maxOpenPerAddress)
            {
                reason = "address_connections";
            }
            else if (!address.Handshakes.TryTake(Now, _handshakes))
            {
                reason = "address_handshakes";
            }
            else
            {
                Interlocked.Increment(ref address.Open);
                return new Lease(this, address);
            }
        }

        Interlocked.Decrement(ref _open);
        _metrics.Connection(reason);
        return null;
    }

    private sealed class Lease(ConnectionLimiter owner, ConnectionEntry address) : IDisposable
    {
        private ConnectionLimiter? _owner = owner;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _owner, null) is { } limiter)
            {
                Interlocked.Decrement(ref address.Open);
                Interlocked.Decrement(ref limiter._open);
            }
        }
    }
}
