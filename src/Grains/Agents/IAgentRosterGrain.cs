using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// One shard of the trust domain's roster: which agents hold an SVID, the last one issued to each, and which bundle they acknowledged under it. Who is
/// connected where is kept in memory, from what silos tell. Key: <see cref="AgentRosterShards.Key"/>.
/// </summary>
[Alias("mg.IAgentRosterGrain")]
public interface IAgentRosterGrain : IGrainWithStringKey
{
    /// <summary>
    /// Records SVIDs before agents get them. For each, in order: empty when it is recorded, else why it must not be given out: <c>agent_superseded</c>
    /// (the agent attested again since the SVID that is renewed) or <c>roster_full</c>.
    /// </summary>
    [Alias("Issued")]
    Task<ImmutableArray<string>> IssuedAsync(ImmutableArray<AgentIssue> issues);

    /// <summary>What one silo sees of agents, on a change and again within <see cref="AgentRosterDecisions.Heartbeat"/>.</summary>
    [Alias("Report")]
    Task ReportAsync(ImmutableArray<AgentSighting> sightings);

    /// <summary>The agent's attestation was ended by an operator: nobody waits for its acknowledgement. False when it is not on the roster.</summary>
    [Alias("Evicted")]
    Task<bool> EvictedAsync(string agentId);

    /// <summary>In the order of their ids, those after <paramref name="after"/>.</summary>
    [Alias("List")]
    Task<ImmutableArray<RosteredAgentView>> ListAsync(string? after, int limit);

    [Alias("Find")]
    Task<RosteredAgentView?> FindAsync(string agentId);
}
