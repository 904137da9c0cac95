using System.Collections.Immutable;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains;

/// <summary>
/// One shard of the roster. Several activations may write it: the store is the fence. Connections are in this activation's memory alone; another one
/// learns of them within a heartbeat.
/// </summary>
[GrainType("agent-roster")]
internal sealed class AgentRosterGrain(
    [PersistentState("state", GrainStores.Default)] IPersistentState<AgentRosterState> persistent,
    IOptions<TrustDomainOptions> trustDomain, IRandomSource random, TimeProvider time) : Grain, IAgentRosterGrain
{
    private const int Attempts = 4;
    private const int MaxPage = 1001;

    private readonly Dictionary<string, (AgentSighting Sighting, long At)> _connected = new(StringComparer.Ordinal);
    private GrainRecord<AgentRosterState> _record = null!;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (!AgentRosterShards.TryRead(this.GetPrimaryKeyString(), trustDomain.Value.Name, out _))
        {
            throw new GrainOperationException(
                RefusalCode.NotFound, "no_such_shard", $"'{this.GetPrimaryKeyString()}' is no shard of the agents' roster of {trustDomain.Value.Name}.");
        }

        _record = new GrainRecord<AgentRosterState>(persistent, static state => state.OperationId);
        return Task.CompletedTask;
    }

    public async Task<ImmutableArray<string>> IssuedAsync(ImmutableArray<AgentIssue> issues)
    {
        ImmutableArray<string> refusals = [];
        await ChangeAsync(state =>
        {
            var told = ImmutableArray.CreateBuilder<string>(issues.Length);
            foreach (var issue in issues)
            {
                (state, var refusal) = AgentRosterDecisions.Issue(state, issue, time.GetUtcNow());
                told.Add(refusal);
            }

            refusals = told.MoveToImmutable();
            return state;
        });
        return refusals;
    }

    public async Task ReportAsync(ImmutableArray<AgentSighting> sightings)
    {
        foreach (var sighting in sightings)
        {
            if (sighting.Connected)
            {
                _connected[sighting.AgentId] = (sighting, time.GetTimestamp());
            }
            else if (_connected.TryGetValue(sighting.AgentId, out var known) && (known.Sighting.Silo, known.Sighting.Since) == (sighting.Silo, sighting.Since))
            {
                // Another silo, or a later stream, may have told of it meanwhile.
                _connected.Remove(sighting.AgentId);
            }
        }

        await ChangeAsync(state => sightings.Aggregate(state, AgentRosterDecisions.See));
    }

    public async Task<bool> EvictedAsync(string agentId)
    {
        await ChangeAsync(state => AgentRosterDecisions.Evict(state, agentId));
        return AgentRosterDecisions.IndexOf(_record.Committed.Agents, agentId) >= 0;
    }

    public async Task<ImmutableArray<RosteredAgentView>> ListAsync(string? after, int limit)
    {
        await _record.SettleAsync();
        var agents = _record.Committed.Agents;
        var index = after is null ? 0 : AgentRosterDecisions.IndexOf(agents, after);
        var start = after is null ? 0 : index < 0 ? ~index : index + 1;
        return [.. agents.Skip(start).Take(Math.Clamp(limit, 0, MaxPage)).Select(View)];
    }

    public async Task<RosteredAgentView?> FindAsync(string agentId)
    {
        await _record.SettleAsync();
        var index = AgentRosterDecisions.IndexOf(_record.Committed.Agents, agentId);
        return index < 0 ? null : View(_record.Committed.Agents[index]);
    }

    private RosteredAgentView View(RosteredAgent agent) => new(
        agent.AgentId, agent.Attestation, agent.Serial, agent.NotAfter, agent.AttestedAt, agent.BundleNumber, agent.Evicted,
        _connected.TryGetValue(agent.AgentId, out var seen) && time.GetElapsedTime(seen.At) < 3 * AgentRosterDecisions.Heartbeat ? seen.Sighting : null);

    private async Task ChangeAsync(Func<AgentRosterState, AgentRosterState> change)
    {
        await _record.SettleAsync();
        for (var attempt = 1; ; attempt++)
        {
            var next = change(_record.Committed);
            if (ReferenceEquals(next, _record.Committed))
            {
                return;
            }

            try
            {
                await _record.CommitAsync(AgentRosterDecisions.Prune(next, time.GetUtcNow()) with { OperationId = random.NewId() });
                Forget();
                return;
            }
            catch (RecordConflictException failure)
            {
                if (attempt == Attempts)
                {
                    throw new GrainOperationException(RefusalCode.Unavailable, "state_conflict", $"Others keep changing the agents' roster; try again. {failure.Message}");
                }
            }
        }
    }

    /// <summary>Connections that nobody tells of any more, once they are more than those of agents that there are.</summary>
    private void Forget()
    {
        if (_connected.Count > _record.Committed.Agents.Length)
        {
            foreach (var gone in _connected.Where(one => time.GetElapsedTime(one.Value.At) >= 3 * AgentRosterDecisions.Heartbeat).Select(one => one.Key).ToList())
            {
                _connected.Remove(gone);
            }
        }
    }
}
