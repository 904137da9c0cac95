using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>Identities of node agents: <c>spiffe://td/meshgrains/agent/NAME</c>, one segment or more.</summary>
public static class AgentNames
{
    public const string Prefix = EntryRules.ReservedPrefix + "/agent/";

    /// <summary>Whether this is the ID of an agent of <paramref name="trustDomain"/>.</summary>
    public static bool IsAgent(string spiffeId, string trustDomain) =>
        SpiffeId.TryParse(spiffeId, out var id, out _) && id.TrustDomain.Name == trustDomain && id.Path.StartsWith(Prefix, StringComparison.Ordinal);
}
