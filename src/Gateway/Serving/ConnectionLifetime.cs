using MeshGrains.Grains;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// Connection middleware behind TLS: a connection is asked to close (GOAWAY on h2) at its greatest age or before its client certificate
/// is taken no more, whichever is first, and cut when it is still there after the drain.
/// </summary>
internal sealed class ConnectionLifetime(
    TimeSpan maxAge, TimeSpan drain, TimeProvider time, IRandomSource random, ILogger logger)
{
    /// <summary>Ages are spread by this part, so that clients that came together do not come back together.</summary>
    private const double Spread = 0.1;

    public ConnectionDelegate Wrap(ConnectionDelegate next) => async connection =>
    {
        var plan = Plan(maxAge * random.NextJitter(Spread), drain, CertificateEnd(connection) - time.GetUtcNow());
        using var ending = new Ending(connection, plan, time, logger);
        await next(connection);
    };

    /// <summary>When to ask and when to cut, counted from now. A certificate is never outlived.</summary>
    internal static (TimeSpan Ask, TimeSpan Cut) Plan(TimeSpan age, TimeSpan drain, TimeSpan? certificateLeft)
    {
        if (certificateLeft is not { } left || left >= age + drain)
        {
            return (age, age + drain);
        }

        var cut = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        // A life shorter than the drain is split, so that its holder still gets calls through.
        var ask = cut - (drain < cut / 2 ? drain : cut / 2);
        return (ask < age ? ask : age, cut);
    }

    private static DateTimeOffset? CertificateEnd(ConnectionContext connection)
    {
        var origin = connection.Features.Get<ConnectionOrigin>();
        return origin?.ClientEnd ?? origin?.RelayPeer?.Until;
    }

    private sealed class Ending : IDisposable
    {
        private readonly ConnectionContext _connection;
        private readonly ILogger _logger;
        private readonly ITimer _ask;
        private readonly ITimer _cut;

        public Ending(ConnectionContext connection, (TimeSpan Ask, TimeSpan Cut) plan, TimeProvider time, ILogger logger)
        {
            _connection = connection;
            _logger = logger;
            _ask = time.CreateTimer(static state => ((Ending)state!).Ask(), this, plan.Ask, Timeout.InfiniteTimeSpan);
            _cut = time.CreateTimer(static state => ((Ending)state!).Cut(), this, plan.Cut, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            _ask.Dispose();
            _cut.Dispose();
        }

        private void Ask()
        {
            ServingLog.ConnectionEnding(_logger, _connection.ConnectionId, "its age or its client certificate's end is near");
            _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }

        private void Cut() => _connection.Abort(new ConnectionAbortedException("The connection outlived its time."));
    }
}
