using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway;

/// <summary>
/// Bounds of connections, before the TLS handshake is paid for: open ones in all and per address, new ones a second per address, bytes a second
/// on each. Used as connection middleware in front of TLS: <c>listen.Use(limiter.Wrap)</c>. A share of all is kept for clients that hold an SVID: they take
/// no place of their address, and strangers cannot take theirs.
/// </summary>
internal sealed class ConnectionLimiter
{
    private readonly TimeProvider _time;
    private readonly GatewayRefusalMetrics _metrics;
    private readonly long _origin;
    private readonly BoundedTable<ulong, ConnectionEntry> _addresses;
    private readonly int _maxOpen;
    private readonly int _maxStrangers;
    private readonly int _maxOpenPerAddress;
    private readonly Rate _handshakes;
    private readonly Rate _bytes;
    private int _open;
    private int _strangers;

    public ConnectionLimiter(IOptions<LimitsOptions> options, TimeProvider time, GatewayRefusalMetrics metrics)
    {
        var limits = options.Value;
        _time = time;
        _metrics = metrics;
        _origin = time.GetTimestamp();
        _addresses = new BoundedTable<ulong, ConnectionEntry>(limits.MaxAddresses, AddressKey.Comparer);
        _maxOpen = limits.MaxConnections;
        _maxStrangers = Math.Max(1, (int)(limits.MaxConnections * (1 - limits.RenewalShare)));
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

        connection.Features.Set(lease);
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
    public ConnectionLease? TryOpen(IPAddress remote)
    {
        if (Interlocked.Increment(ref _open) > _maxOpen)
        {
            Interlocked.Decrement(ref _open);
            _metrics.Connection("connections");
            return null;
        }

        string reason;
        if (Interlocked.Increment(ref _strangers) > _maxStrangers)
        {
            reason = "strangers";
        }
        else
        {
            var key = AddressKey.Of(remote);
            using var held = _addresses.Hold(key);
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
                return new ConnectionLease(this, key, address);
            }
        }

        Interlocked.Decrement(ref _strangers);
        Interlocked.Decrement(ref _open);
        _metrics.Connection(reason);
        return null;
    }

    internal void BecameKnown(ulong key, ConnectionEntry address)
    {
        using (var held = _addresses.Hold(key))
        {
            // The same entry: one in use is not forgotten.
            held.Entry.Handshakes.GiveBack();
        }

        Interlocked.Decrement(ref address.Open);
        Interlocked.Decrement(ref _strangers);
    }

    internal void Closed(ConnectionEntry address, bool wasKnown)
    {
        if (!wasKnown)
        {
            Interlocked.Decrement(ref address.Open);
            Interlocked.Decrement(ref _strangers);
        }

        Interlocked.Decrement(ref _open);
    }
}
