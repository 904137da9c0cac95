using System.Collections.Concurrent;
using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>The agents that are connected to this silo, and the one place from which they are woken. One stream an agent: the newest.</summary>
internal sealed class AgentRoster : IDisposable
{
    private readonly ConcurrentDictionary<string, AgentConnection> _connected = new(StringComparer.Ordinal);
    private readonly IAgentDirectory _directory;
    private readonly IGatewayCertificateIssuer _issuer;
    private readonly int _most;

    public AgentRoster(IAgentDirectory directory, IGatewayCertificateIssuer issuer, IOptions<AgentsOptions> options)
    {
        (_directory, _issuer, _most) = (directory, issuer, options.Value.MaxStreams);
        directory.EntriesChanged += OnEntriesChanged;
        issuer.IssuerChanged += OnIssuerChanged;
    }

    public ICollection<AgentConnection> Connected => _connected.Values;

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
            else if (_connected.Count >= _most)
            {
                return false;
            }
            else if (_connected.TryAdd(connection.Standing.AgentId, connection))
            {
                return true;
            }
        }
    }

    public void Leave(AgentConnection connection) => _connected.TryRemove(KeyValuePair.Create(connection.Standing.AgentId, connection));

    public void Dispose()
    {
        _directory.EntriesChanged -= OnEntriesChanged;
        _issuer.IssuerChanged -= OnIssuerChanged;
    }

    private void OnEntriesChanged(string? agentId)
    {
        if (agentId is not null)
        {
            Find(agentId)?.Wake(entries: true);
            return;
        }

        foreach (var (_, connection) in _connected)
        {
            connection.Wake(entries: true);
        }
    }

    private void OnIssuerChanged()
    {
        foreach (var (_, connection) in _connected)
        {
            connection.Wake(entries: false);
        }
    }
}
