using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace MeshGrains.Agent.Hosting;

/// <summary>The agent's counters, for <c>/metrics</c> and its reports. Labels are stable words: never a caller, a path or a SPIFFE ID.</summary>
internal sealed class AgentMetrics
{
    private const string SdsNacks = "meshgrains_agent_sds_nacks_total";

    private readonly ConcurrentDictionary<(string Name, string Label, string Value), long> _counters = new();
    private long _nacks;

    // There from the beginning, so that the first one is seen as an increase.
    public AgentMetrics() => Add(SdsNacks, "", "", 0);

    public long Nacks => Interlocked.Read(ref _nacks);

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

    public void Nacked()
    {
        Interlocked.Increment(ref _nacks);
        Add(SdsNacks, "", "", 1);
    }

    public string Write(IEnumerable<(string Name, string Help, double Value)> gauges)
    {
        var text = new StringBuilder();
        foreach (var (name, help, value) in gauges)
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value:R}\n");
        }

        foreach (var family in _counters.OrderBy(counter => counter.Key).GroupBy(counter => counter.Key.Name))
        {
            text.Append(CultureInfo.InvariantCulture, $"# HELP {family.Key} {HelpOf(family.Key)}\n# TYPE {family.Key} counter\n");
            foreach (var ((name, label, value), count) in family)
            {
                text.Append(CultureInfo.InvariantCulture, $"{name}{(label.Length == 0 ? "" : $"{{{label}=\"{value}\"}}")} {count}\n");
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
        SdsNacks => "Secrets that proxies refused.",
        _ => "Parts in attestations, by result.",
    };

    private void Add(string name, string label, string value, long count) =>
        _counters.AddOrUpdate((name, label, value), count, (_, before) => before + count);
}
