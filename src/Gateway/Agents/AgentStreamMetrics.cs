using System.Diagnostics.Metrics;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Agents;

/// <summary>What is told of agents' streams. No label names an agent: there are too many.</summary>
internal sealed class AgentStreamMetrics
{
    private readonly AgentRoster _roster;
    private readonly IIssuanceService _issuance;
    private readonly TimeProvider _time;
    private readonly Counter<long> _pushes;
    private readonly Histogram<double> _latency;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _nacks;

    public AgentStreamMetrics(IMeterFactory meters, AgentRoster roster, IIssuanceService issuance, TimeProvider time)
    {
        (_roster, _issuance, _time) = (roster, issuance, time);
        var meter = meters.Create(GatewayMetrics.MeterName);
        meter.CreateObservableGauge("meshgrains.agents.connected", () => roster.Count, description: "Node agents with a stream to this silo.");
        meter.CreateObservableGauge(
            "meshgrains.agents.behind", CountBehind, description: "Connected agents some consumer of which holds an older trust bundle than is delivered now.");
        meter.CreateObservableGauge(
            "meshgrains.agents.troubled", () => roster.Connected.Count(agent => agent.Report?.Health is { Trouble.Length: > 0 }),
            description: "Connected agents whose last report tells of trouble.");
        _pushes = meter.CreateCounter<long>("meshgrains.agents.pushes", description: "Updates written to agents' streams.");
        _latency = meter.CreateHistogram<double>(
            "meshgrains.agents.push_duration", "s", "Time from a change becoming known to this silo until it is written to an agent's stream.");
        _refused = meter.CreateCounter<long>("meshgrains.agents.refused_streams", description: "Agents' streams that were refused or ended with a refusal, by reason.");
        _nacks = meter.CreateCounter<long>("meshgrains.agents.nacks", description: "Updates that proxies refused, as agents report them.");
    }

    /// <param name="updates">How many messages.</param>
    /// <param name="changedAt">Since when this silo knew of what is in them; null when nothing had changed.</param>
    public void Pushed(int updates, long? changedAt)
    {
        _pushes.Add(updates);
        if (changedAt is { } known)
        {
            _latency.Record(_time.GetElapsedTime(known).TotalSeconds);
        }
    }

    public void Refused(string reason) => _refused.Add(1, new KeyValuePair<string, object?>("reason", reason));

    /// <summary>An agent counts since its own start; what is new since its last report is added.</summary>
    public void Reported(long nacksBefore, long nacks)
    {
        if (nacks > nacksBefore)
        {
            _nacks.Add(nacks - nacksBefore);
        }
    }

    private int CountBehind() => _issuance.Current is { } issuer ? _roster.Connected.Count(agent => (agent.Report?.BundleNumber ?? 0) < issuer.BundleNumber) : 0;
}
