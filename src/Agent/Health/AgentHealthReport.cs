using MeshGrains.Agent.Domains;
using MeshGrains.Agent.Hosting;

namespace MeshGrains.Agent.Health;

/// <summary>
/// How the agent is. It is ready once it has heard from the control plane: from then on it serves what it holds, with the control plane or without, until
/// that ends. What is wrong is told either way. In several trust domains the first one decides: an alias that is not reached shall not take a node that serves for broken.
/// </summary>
internal sealed class AgentHealthReport(Memberships memberships, TimeProvider time)
{
    /// <summary>Null when the agent serves.</summary>
    public string? NotReadyReason
    {
        get
        {
            var snapshot = memberships.First.Served.State.Current;
            var link = memberships.First.Link;
            if (!snapshot.IsSynced)
            {
                return link.Trouble.Length > 0 ? link.Trouble : "the control plane has not sent the entries yet";
            }

            return snapshot.Entries.Entries.Count > 0 && snapshot.Svids.Count == 0 && link.Trouble.Length > 0
                ? $"no certificate is left, and {link.Trouble}" : null;
        }
    }

    /// <summary>What an operator should look at, though the agent serves; empty when all is well.</summary>
    public string Trouble => memberships.All.Count == 1 ? memberships.First.Link.Trouble
        : string.Join("; ", Troubles.Where(domain => domain.Trouble.Length > 0).Select(domain => $"{domain.TrustDomain}: {domain.Trouble}"));

    /// <summary>What is wrong with the control plane of each trust domain; empty for one with which nothing is.</summary>
    public IEnumerable<(string TrustDomain, string Trouble)> Troubles => memberships.All.Select(membership => (membership.TrustDomain.Name, membership.Link.Trouble));

    public IEnumerable<Gauge> Gauges() =>
        [new Gauge("meshgrains_agent_ready", "1 while the agent serves.", NotReadyReason is null ? 1 : 0), .. memberships.All.SelectMany(Gauges)];

    private IEnumerable<Gauge> Gauges(Membership membership)
    {
        var (snapshot, link, consumers) = (membership.Served.State.Current, membership.Link, membership.Served.Consumers);
        var labels = AgentMetrics.LabelOf(membership.TrustDomain);
        yield return new Gauge("meshgrains_agent_connected", "1 while the stream to the control plane stands.", link.Current is null ? 0 : 1, labels);
        yield return new Gauge("meshgrains_agent_entries", "Registration entries of this agent.", snapshot.Entries.Entries.Count, labels);
        yield return new Gauge("meshgrains_agent_svids", "SVIDs held.", snapshot.Svids.Count, labels);
        yield return new Gauge("meshgrains_agent_svids_missing", "Entries that have none.", snapshot.Entries.Entries.Keys.Count(id => !snapshot.Svids.ContainsKey(id)), labels);
        yield return new Gauge("meshgrains_agent_consumers", "Streams and outputs that were given the trust bundle.", consumers.Count, labels);
        yield return new Gauge("meshgrains_agent_bundle_number", "The number of the trust bundle that is held.", snapshot.BundleNumber, labels);
        yield return new Gauge("meshgrains_agent_bundle_number_acknowledged", "The lowest number that a consumer is known to hold.", consumers.Lowest(snapshot.BundleNumber), labels);
        var ends = snapshot.Svids.Values.Select(svid => svid.NotAfter).Concat(link.Identity is { } own ? [own.NotAfter] : []).ToList();
        if (ends.Count > 0)
        {
            yield return new Gauge("meshgrains_agent_svid_seconds", "Time until the first of the agent's own and its workloads' SVIDs ends.", (ends.Min() - time.GetUtcNow()).TotalSeconds, labels);
        }
    }
}
