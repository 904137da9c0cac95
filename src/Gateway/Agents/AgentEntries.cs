using MeshGrains.Grains;

namespace MeshGrains.Gateway.Agents;

/// <summary>Reads agents' entries, a bounded number at once: thousands of agents that come back together must not take the store from issuance.</summary>
internal sealed class AgentEntries(IAgentDirectory directory) : IDisposable
{
    private const int MaxAtOnce = 32;

    private readonly SemaphoreSlim _places = new(MaxAtOnce);

    public async ValueTask<IReadOnlyList<RegistrationEntry>> ReadAsync(string agentId, int limit, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await directory.EntriesAsync(agentId, limit, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();
}
