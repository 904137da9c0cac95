using System.Diagnostics.Metrics;

namespace MeshGrains.Grains;

/// <summary>The meter <c>MeshGrains.Issuance</c>. Labels are results and states, never identities.</summary>
public sealed class IssuanceInstruments : IDisposable
{
    private readonly Meter _meter = new("MeshGrains.Issuance");
    private readonly Counter<long> _issuances;
    private readonly Histogram<double> _latency;
    private readonly Counter<long> _issuingCaRequests;

    public IssuanceInstruments()
    {
        _issuances = _meter.CreateCounter<long>("meshgrains_issuances", description: "X.509-SVID requests by result: issued, or the reason of the refusal.");
        _latency = _meter.CreateHistogram<double>("meshgrains_issuance_duration_seconds", "s", "From the authenticated request to the durable record.");
        _issuingCaRequests = _meter.CreateCounter<long>("meshgrains_issuing_ca_requests", description: "Issuing CAs this silo asked for, by result.");
    }

    public void Issued(TimeSpan duration)
    {
        _issuances.Add(1, new KeyValuePair<string, object?>("result", "issued"));
        _latency.Record(duration.TotalSeconds);
    }

    public void Refused(string reason) => _issuances.Add(1, new KeyValuePair<string, object?>("result", reason));

    public void IssuingCaRequested(string result) => _issuingCaRequests.Add(1, new KeyValuePair<string, object?>("result", result));

    /// <summary>Gauges over this silo's authorities and queues, read when metrics are collected.</summary>
    public void Observe(Func<IEnumerable<Measurement<double>>> secondsToExpiry, Func<long> logQueueDepth)
    {
        _meter.CreateObservableGauge("meshgrains_authority_expiry_seconds", secondsToExpiry, "s", "Time until an authority's certificate ends, by kind and authority id.");
        _meter.CreateObservableGauge("meshgrains_log_queue_depth", logQueueDepth, description: "Records waiting to be made durable.");
    }

    public void Dispose() => _meter.Dispose();
}
