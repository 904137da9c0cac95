using MeshGrains.Agent.ControlPlane;
using MeshGrains.Agent.Svids;

namespace MeshGrains.Agent.Health;

/// <summary>
/// How the agent is. It is ready once it has heard from the control plane: from then on it serves what it holds, with the control plane or without, until
/// that ends. What is wrong is told either way.
/// </summary>
internal sealed class AgentHealthReport(AgentState state, ControlPlaneLink link, BundleConsumers consumers, TimeProvider time)
{
    /// <summary>Null when the agent serves.</summary>
    public string? NotReadyReason
    {
        get
        {
            var snapshot = state.Current;
            if (!snapshot.IsSynced)
            {
                return link.Trouble.Length > 0 ? link.Trouble : "the control plane has not sent the entries yet";
            }

            return snapshot.Entries.Entries.Count > 0 && snapshot.Svids.Count == 0 && link.Trouble.Length > 0
                ? $"no certificate is left, and {link.Trouble}" : null;
        }
    }

    /// <summary>What an operator should look at, though the agent serves; empty when all is well.</summary>
    public string Trouble => link.Trouble;

    public IEnumerable<(string Name, string Help, double Value)> Gauges()
    {
        var snapshot = state.Current;
        var now = time.GetUtcNow();
        yield return ("meshgrains_agent_connected", "1 while the stream to the control plane stands.", link.Current is null ? 0 : 1);
        yield return ("meshgrains_agent_entries", "Registration entries of this agent.", snapshot.Entries.Entries.Count);
        yield return ("meshgrains_agent_svids", "SVIDs held.", snapshot.Svids.Count);
        yield return ("meshgrains_agent_svids_missing", "Entries that have none.", snapshot.Entries.Entries.Keys.Count(id => !snapshot.Svids.ContainsKey(id)));
        yield return ("meshgrains_agent_ready", "1 while the agent serves.", NotReadyReason is null ? 1 : 0);
        yield return ("meshgrains_agent_consumers", "Streams and outputs that were given the trust bundle.", consumers.Count);
        yield return ("meshgrains_agent_bundle_number", "The number of the trust bundle that is held.", snapshot.BundleNumber);
        yield return ("meshgrains_agent_bundle_number_acknowledged", "The lowest number that a consumer is known to hold.", consumers.Lowest(snapshot.BundleNumber));
        var ends = snapshot.Svids.Values.Select(svid => svid.NotAfter).Concat(link.Identity is { } own ? [own.NotAfter] : []).ToList();
        if (ends.Count > 0)
        {
            yield return ("meshgrains_agent_svid_seconds", "Time until the first of the agent's own and its workloads' SVIDs ends.", (ends.Min() - now).TotalSeconds);
        }
    }
}
