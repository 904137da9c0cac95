using System.Diagnostics.Metrics;

namespace MeshGrains.Gateway.Relay;

/// <summary>The meter <c>MeshGrains.Relay</c>. Labels are kinds and results, never a caller or an address.</summary>
internal sealed class RelayMetrics
{
    private readonly Counter<long> _calls;
    private readonly Counter<long> _attempts;
    private readonly Counter<long> _ejections;
    private Func<IReadOnlyList<SiloLink>>? _links;

    public RelayMetrics(IMeterFactory meters)
    {
        var meter = meters.Create("MeshGrains.Relay");
        _calls = meter.CreateCounter<long>("meshgrains.relay.calls", description: "Relayed calls, by kind (issuance or other) and result.");
        _attempts = meter.CreateCounter<long>("meshgrains.relay.attempts", description: "Attempts at silos, by outcome; those beyond the calls are retries.");
        _ejections = meter.CreateCounter<long>("meshgrains.relay.ejections", description: "How often a silo that failed was left out for a while.");
        meter.CreateObservableGauge("meshgrains.relay.silos", Silos, description: "Silos known to the relay, by state.");
    }

    public void Observe(Func<IReadOnlyList<SiloLink>> links) => _links = links;

    public void Called(string kind, string result) =>
        _calls.Add(1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("result", result));

    public void Attempted(string outcome) => _attempts.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    public void Ejected() => _ejections.Add(1);

    private IEnumerable<Measurement<long>> Silos()
    {
        var links = _links?.Invoke() ?? [];
        var ejected = links.Count(link => link.IsEjected);
        var ready = links.Count(link => !link.IsEjected && link.Ready == true);
        yield return new(ready, new KeyValuePair<string, object?>("state", "ready"));
        yield return new(ejected, new KeyValuePair<string, object?>("state", "ejected"));
        yield return new(links.Count - ejected - ready, new KeyValuePair<string, object?>("state", "not_ready"));
    }
}
