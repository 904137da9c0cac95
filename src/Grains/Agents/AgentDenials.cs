namespace MeshGrains.Grains;

/// <summary>What a denial set means for an agent and for whatever it asks for; pure.</summary>
internal static class AgentDenials
{
    private static readonly Refusal Banned = new(
        RefusalCode.PermissionDenied, "agent_banned", "This agent is banned. An operator has to lift the ban before it is heard again.");

    private static readonly Refusal Quarantined = new(
        RefusalCode.PermissionDenied, "quarantined", "This agent's identity is quarantined: it is not heard until an operator releases it.");

    private static readonly Refusal Evicted = new(
        RefusalCode.PermissionDenied, "agent_evicted", "This agent was evicted: its registration is gone. It has to attest anew with a fresh join token.");

    private static readonly Refusal Tainted = new(
        RefusalCode.PermissionDenied, "issuer_tainted", "The issuer of this agent's certificate is tainted. Attest anew with a token.");

    public static Refusal? Check(AgentStanding agent, DenialSnapshot denials, DateTimeOffset now) =>
        denials.Contains(DenialKind.BannedAgent, agent.AgentId) ? Banned
            : denials.Contains(DenialKind.QuarantinedIdentity, agent.AgentId) ? Quarantined
            : denials.Contains(DenialKind.DeletedRegistration, agent.EntryId) ? Evicted
            : agent.IssuerAuthorityId is { } issuer && denials.RefusesHolders(issuer, now) ? Tainted
            : null;

    /// <summary>An agent's own certificate: asked before there is a standing.</summary>
    public static Refusal? CheckIdentity(string identity, DenialSnapshot denials) =>
        denials.Contains(DenialKind.BannedAgent, identity) ? Banned : null;

    public static Refusal EvictedAgent => Evicted;
}
