using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>Changes of a shard of the roster, as pure functions. A change that changes nothing keeps the state.</summary>
public static class AgentRosterDecisions
{
    /// <summary>A silo tells of each of its agents at least this often.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(30);

    /// <summary>Agents whose SVID ended stay visible this long.</summary>
    internal static readonly TimeSpan KeepLapsed = TimeSpan.FromDays(1);

    internal const int Capacity = 8192;
    internal const string Superseded = "agent_superseded";
    internal const string Full = "roster_full";

    /// <summary>Whether a rotation has to wait for this agent.</summary>
    public static bool IsLive(RosteredAgentView agent, DateTimeOffset now, TimeSpan skew) => !agent.Evicted && agent.NotAfter + skew > now;

    internal static (AgentRosterState State, string Refusal) Issue(AgentRosterState state, AgentIssue issue, DateTimeOffset now)
    {
        // As the log keeps it, so that a renewal's and its attestation's compare.
        var attestedAt = DateTimeOffset.FromUnixTimeSeconds(issue.AttestedAt.ToUnixTimeSeconds());
        var index = IndexOf(state.Agents, issue.AgentId);
        if (index < 0)
        {
            if (state.Agents.Length >= Capacity)
            {
                state = Prune(state, now);
                if (state.Agents.Length >= Capacity)
                {
                    return (state, Full);
                }

                index = IndexOf(state.Agents, issue.AgentId);
            }

            return (state with
            {
                Agents = state.Agents.Insert(~index, new RosteredAgent
                {
                    AgentId = issue.AgentId, Attestation = issue.Attestation, Serial = issue.Serial, NotAfter = issue.NotAfter, AttestedAt = attestedAt,
                }),
            }, "");
        }

        var known = state.Agents[index];
        if (issue.Renewed && known.AttestedAt > attestedAt)
        {
            return (state, Superseded);
        }

        // What was acknowledged under the SVID before says nothing about who holds this one.
        return (state with
        {
            Agents = state.Agents.SetItem(index, known with
            {
                Attestation = issue.Renewed ? known.Attestation : issue.Attestation, Serial = issue.Serial, NotAfter = issue.NotAfter, AttestedAt = attestedAt,
                BundleNumber = 0, Evicted = false,
            }),
        }, "");
    }

    /// <summary>Takes an acknowledgement, which counts only under the SVID last issued. An agent that the roster lost is taken up again.</summary>
    internal static AgentRosterState See(AgentRosterState state, AgentSighting sighting)
    {
        if (!sighting.Connected)
        {
            return state;
        }

        var index = IndexOf(state.Agents, sighting.AgentId);
        if (index < 0)
        {
            return state.Agents.Length >= Capacity ? state : state with
            {
                Agents = state.Agents.Insert(~index, new RosteredAgent
                {
                    AgentId = sighting.AgentId, Attestation = "", Serial = sighting.Serial, NotAfter = sighting.NotAfter, AttestedAt = sighting.AttestedAt,
                    BundleNumber = sighting.BundleNumber,
                }),
            };
        }

        var known = state.Agents[index];
        return known.Serial != sighting.Serial || known.BundleNumber == sighting.BundleNumber ? state
            : state with { Agents = state.Agents.SetItem(index, known with { BundleNumber = sighting.BundleNumber }) };
    }

    internal static AgentRosterState Evict(AgentRosterState state, string agentId)
    {
        var index = IndexOf(state.Agents, agentId);
        return index < 0 || state.Agents[index].Evicted ? state
            : state with { Agents = state.Agents.SetItem(index, state.Agents[index] with { Evicted = true }) };
    }

    internal static AgentRosterState Prune(AgentRosterState state, DateTimeOffset now) =>
        state.Agents.Any(agent => agent.NotAfter + KeepLapsed < now)
            ? state with { Agents = state.Agents.RemoveAll(agent => agent.NotAfter + KeepLapsed < now) }
            : state;

    /// <summary>Where it is; the complement of where it belongs when it is not there.</summary>
    internal static int IndexOf(ImmutableArray<RosteredAgent> agents, string agentId)
    {
        var (low, high) = (0, agents.Length - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            switch (string.CompareOrdinal(agents[middle].AgentId, agentId))
            {
                case 0:
                    return middle;
                case < 0:
                    low = middle + 1;
                    break;
                default:
                    high = middle - 1;
                    break;
            }
        }

        return ~low;
    }
}
