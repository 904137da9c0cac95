using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Agent.Hosting;

/// <summary>The agent's counters, for <c>/metrics</c> and its reports. Labels are stable words: never a caller, a path or a SPIFFE ID.</summary>
internal sealed class AgentMetrics
{
    private const string SdsNacks = "meshgrains_agent_sds_nacks_total";

    private readonly ConcurrentDictionary<(string Name, string Labels), long> _counters;
    private readonly StrongBox<long> _nacks;
    private readonly string _domain = "";

    // There from the beginning, so that the first one is seen as an increase.
    public AgentMetrics()
    {
        (_counters, _nacks) = (new(), new());
        Add(SdsNacks, "", "", 0);
    }

    private AgentMetrics(AgentMetrics node, string domain) => (_counters, _nacks, _domain) = (node._counters, node._nacks, domain);

    public long Nacks => Interlocked.Read(ref _nacks.Value);

    /// <summary>The label of a trust domain.</summary>
    public static string LabelOf(TrustDomain trustDomain) => $"trust_domain=\"{trustDomain.Name}\"";

    /// <summary>The same counters, for what concerns this trust domain.</summary>
    public AgentMetrics Of(TrustDomain trustDomain) => new(this, LabelOf(trustDomain));

    public void Issued(int count) => Add("meshgrains_agent_svids_total", "result", "ok", count);

    public void Refused(string reason) => Add("meshgrains_agent_svids_total", "result", reason, 1);

    /// <summary>JWT-SVIDs that were asked for, by result: ok, or the status.</summary>
    public void Jwt(string result) => Add("meshgrains_agent_jwt_svids_total", "result", result, 1);

    /// <summary>Attestations of workloads, by result: ok, or why not.</summary>
    public void Attested(string result) => Add("meshgrains_agent_workload_attestations_total", "result", result, 1);

    /// <summary>One attestor's part in an attestation, by its type; its <paramref name="result"/> is ok, or why not.</summary>
    public void Attestor(string type, string result) => Add($"meshgrains_agent_attestor_{type}_total", "result", result, 1);

    public void Connected(string result) => Add("meshgrains_agent_connections_total", "result", result, 1);

    public void Output(string result) => Add("meshgrains_agent_output_writes_total", "result", result, 1);

    /// <summary>Revocation lists that the control plane sent, by result: ok, or why they were not taken.</summary>
    public void Crls(string result) => Add("meshgrains_agent_crl_updates_total", "result", result, 1);

    /// <summary>A proxy refused a secret; of which trust domain it does not say.</summary>
    public void Nacked()
    {
        Interlocked.Increment(ref _nacks.Value);
        Add(SdsNacks, "", "", 1);
    }

    public string Write(IEnumerable<Gauge> gauges)
    {
        var text = new StringBuilder();
        foreach (var family in gauges.GroupBy(gauge => gauge.Name))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {family.Key} {family.First().Help}\n# TYPE {family.Key} gauge\n");
            foreach (var gauge in family)
            {
                text.Append(CultureInfo.InvariantCulture, $"{gauge.Name}{Braced(gauge.Labels)} {gauge.Value:R}\n");
            }
        }

        foreach (var family in _counters.OrderBy(counter => counter.Key).GroupBy(counter => counter.Key.Name))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {family.Key} {HelpOf(family.Key)}\n# TYPE {family.Key} counter\n");
            foreach (var ((name, labels), count) in family)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{Braced(labels)} {count}\n");
            }
        }

        return text.ToString();
    }

    private static string HelpOf(string name) => name switch
    {
        "meshgrains_agent_svids_total" => "SVIDs asked for, by result: ok, or the reason of the refusal.",
        "meshgrains_agent_workload_attestations_total" => "Attestations of calling processes, by result: ok, or why not.",
        "meshgrains_agent_connections_total" => "Attempts to reach the control plane, by result.",
        "meshgrains_agent_output_writes_total" => "Writes of outputs, by result.",
        "meshgrains_agent_crl_updates_total" => "Sets of revocation lists that the control plane sent, by result: ok, or why they were not taken.",
        SdsNacks => "Secrets that proxies refused.",
        _ => "Parts in attestations, by result.",
    };

    private static string Braced(string labels) => labels.Length == 0 ? "" : $"{{{labels}}}";

    private void Add(string name, string label, string value, long count)
    {
        var labels = label.Length == 0 ? _domain : _domain.Length == 0 ? $"{label}=\"{value}\"" : $"{label}=\"{value}\",{_domain}";
        _counters.AddOrUpdate((name, labels), count, (_, before) => before + count);
    }
}
