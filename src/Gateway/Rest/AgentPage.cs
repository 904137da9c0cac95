using MeshGrains.Grains;

namespace MeshGrains.Gateway.Rest;

/// <summary>One page of the trust domain's agents in the order of their names; <paramref name="Next"/> goes into the next request's <c>after</c>.</summary>
internal sealed record AgentPage(IReadOnlyList<AgentItem> Agents, string? Next);

/// <summary>
/// One node agent. <paramref name="Name"/> is what follows <c>/meshgrains/agent/</c> in its ID. <paramref name="AcknowledgedBundle"/> is the lowest bundle
/// number that its consumers hold, as far as it was told under <paramref name="Serial"/>, the SVID last issued to it; 0 before it was. From
/// <paramref name="Silo"/> on all is absent while it is not connected.
/// </summary>
internal sealed record AgentItem(
    string Name, string SpiffeId, AgentState State, string Attestation, string Serial, DateTimeOffset NotAfter, DateTimeOffset AttestedAt,
    long AcknowledgedBundle, string? Silo, string? Address, DateTimeOffset? ConnectedSince, string? Version, string? Trouble, int? Svids, int? SvidsMissing)
{
    public static AgentItem Of(RosteredAgentView agent, string name, bool banned, DateTimeOffset now)
    {
        var seen = agent.Connection;
        var state = banned ? AgentState.Banned
            : agent.Evicted ? AgentState.Evicted
            : agent.NotAfter <= now ? AgentState.Lapsed
            : seen is not null ? AgentState.Connected : AgentState.Away;
        return new AgentItem(
            name, agent.AgentId, state, agent.Attestation, agent.Serial, agent.NotAfter, agent.AttestedAt, agent.BundleNumber, seen?.Silo, seen?.Address,
            seen?.Since, seen?.Version, seen?.Trouble, seen?.Svids, seen?.SvidsMissing);
    }
}

/// <summary>How an agent stands.</summary>
internal enum AgentState
{
    /// <summary>Its stream stands.</summary>
    Connected,

    /// <summary>Its SVID holds, and no silo tells of a stream.</summary>
    Away,

    /// <summary>Its SVID has ended.</summary>
    Lapsed,

    /// <summary>An operator ended its attestation, and it has not attested since.</summary>
    Evicted,

    /// <summary>It is not heard until the ban is lifted.</summary>
    Banned,
}
