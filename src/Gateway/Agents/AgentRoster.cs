using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using MeshGrains.Grains;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// The agents that are connected to this silo, and the one place from which they are woken. One stream an agent: the newest. One timer for all of them
/// sees to entries that are due and, while this process drains, to agents that shall move on.
/// </summary>
internal sealed class AgentRoster : IDisposable
{
    /// <summary>Of the drain: the rest is for the last ones to get away in.</summary>
    private const double DrainShare = 0.8;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<string, AgentConnection> _connected = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<AgentConnection> _left = new();
    private readonly IAgentDirectory _directory;
    private readonly IGatewayCertificateIssuer _issuer;
    private readonly IReissueOrders _reissues;
    private readonly IFederatedTrust? _federated;
    private readonly AgentCrls? _crls;
    private readonly IRandomSource _random;
    private readonly TimeProvider _time;
    private readonly AgentsOptions _options;
    private readonly TimeSpan _drain;
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _stopping;
    private int _count;
    private volatile bool _draining;

    public AgentRoster(
        IAgentDirectory directory, IGatewayCertificateIssuer issuer, IReissueOrders reissues, IOptions<AgentsOptions> options, IOptions<GatewayOptions> gateway,
        IRandomSource random, TimeProvider time, IHostApplicationLifetime? lifetime = null, IFederatedTrust? federated = null, AgentCrls? crls = null)
    {
        (_directory, _issuer, _reissues, _random, _time, _options) = (directory, issuer, reissues, random, time, options.Value);
        _drain = gateway.Value.DrainDelay ?? TimeSpan.Zero;
        directory.EntriesChanged += OnEntriesChanged;
        directory.DenialsChanged += OnDenialsChanged;
        issuer.IssuerChanged += OnIssuerChanged;
        _federated = federated;
        if (federated is not null)
        {
            federated.Changed += OnFederationChanged;
        }

        _crls = crls;
        if (crls is not null)
        {
            crls.Changed += WakeAll;
        }

        reissues.Changed += WakeAll;
        _timer = time.CreateTimer(static state => ((AgentRoster)state!).LookAfter(), this, Look, Look);
        _stopping = lifetime?.ApplicationStopping.Register(BeginDrain) ?? default;
    }

    public ICollection<AgentConnection> Connected => _connected.Values;

    public int Count => Volatile.Read(ref _count);

    /// <summary>This process is stopping: whoever comes now is sent on.</summary>
    public bool IsDraining => _draining;

    public AgentConnection? Find(string agentId) => _connected.GetValueOrDefault(agentId);

    /// <summary>False when as many agents are connected as may be, and this one is not among them.</summary>
    public bool TryEnter(AgentConnection connection)
    {
        while (true)
        {
            if (_connected.TryGetValue(connection.Standing.AgentId, out var before))
            {
                if (_connected.TryUpdate(connection.Standing.AgentId, connection, before))
                {
                    before.Replace();
                    return true;
                }
            }
            else if (Interlocked.Increment(ref _count) > _options.MaxStreams)
            {
                Interlocked.Decrement(ref _count);
                return false;
            }
            else if (_connected.TryAdd(connection.Standing.AgentId, connection))
            {
                return true;
            }
            else
            {
                Interlocked.Decrement(ref _count);
            }
        }
    }

    public void Leave(AgentConnection connection)
    {
        if (_connected.TryRemove(KeyValuePair.Create(connection.Standing.AgentId, connection)))
        {
            Interlocked.Decrement(ref _count);

            // What is not told here ends by itself, when no heartbeat names it any more.
            if (_left.Count < _options.MaxStreams)
            {
                _left.Enqueue(connection);
            }
        }
    }

    /// <summary>One that went since it was last asked.</summary>
    public bool TryTakeLeft([NotNullWhen(true)] out AgentConnection? connection) => _left.TryDequeue(out connection);

    /// <summary>A moment within a time from now, drawn evenly; a timestamp.</summary>
    public long Within(TimeSpan time) => After(time * ((_random.NextJitter(1) / 2)));

    /// <summary>The moment at which entries that are read now are due again; a timestamp.</summary>
    public long NextReread() => After(_options.Reread * _random.NextJitter(0.2));

    public long After(TimeSpan time) => _time.GetTimestamp() + (long)(time.TotalSeconds * _time.TimestampFrequency);

    public void Dispose()
    {
        _stopping.Dispose();
        _timer.Dispose();
        _directory.EntriesChanged -= OnEntriesChanged;
        _directory.DenialsChanged -= OnDenialsChanged;
        _issuer.IssuerChanged -= OnIssuerChanged;
        if (_federated is not null)
        {
            _federated.Changed -= OnFederationChanged;
        }

        if (_crls is not null)
        {
            _crls.Changed -= WakeAll;
        }

        _reissues.Changed -= WakeAll;
    }

    private void OnEntriesChanged(string? agentId)
    {
        if (agentId is not null)
        {
            Find(agentId)?.Wake(entries: true, _time.GetTimestamp());
            return;
        }

        // Most of them have nothing new: the store is not asked for all at once.
        foreach (var (_, connection) in _connected)
        {
            connection.RereadBy(Within(_options.RereadSpread));
        }
    }

    private void OnDenialsChanged(DenialSnapshot newest) => WakeAll();

    private void OnIssuerChanged() => WakeAll();

    private void OnFederationChanged() => WakeAll();

    private void WakeAll()
    {
        var now = _time.GetTimestamp();
        foreach (var (_, connection) in _connected)
        {
            connection.Wake(entries: false, now);
        }
    }

    private void BeginDrain()
    {
        _draining = true;
        foreach (var (_, connection) in _connected)
        {
            connection.LeaveAt(Within(_drain * DrainShare));
        }
    }

    private void LookAfter()
    {
        var now = _time.GetTimestamp();
        foreach (var (_, connection) in _connected)
        {
            if (connection.IsLeaving(now))
            {
                connection.End();
            }
            else if (connection.TakeRereadDue(now))
            {
                connection.Wake(entries: true);
            }
        }
    }
}
