using System.Diagnostics.Metrics;

namespace MeshGrains.Grains;

/// <summary>The meter <c>MeshGrains.Issuance</c>. Labels are results and states, never identities.</summary>
public sealed class IssuanceInstruments : IDisposable
{
    private readonly Meter _meter = new("MeshGrains.Issuance");
    private readonly Counter<long> _issuances;
    private readonly Counter<long> _jwtIssuances;
    private readonly Histogram<double> _latency;
    private readonly Counter<long> _issuingCaRequests;

    public IssuanceInstruments()
    {
        _issuances = _meter.CreateCounter<long>("meshgrains.issuances", description: "X.509-SVID requests by result: issued, or the reason of the refusal.");
        _jwtIssuances = _meter.CreateCounter<long>("meshgrains.jwt_issuances", description: "JWT-SVID requests by result: issued, or the reason of the refusal.");
        _latency = _meter.CreateHistogram<double>("meshgrains.issuance.duration", "s", "From the authenticated request to the durable record.");
        _issuingCaRequests = _meter.CreateCounter<long>("meshgrains.issuing_ca.requests", description: "Issuing CAs this silo asked for, by result.");
    }

    public void Issued(TimeSpan duration)
    {
        _issuances.Add(1, new KeyValuePair<string, object?>("result", "issued"));
        _latency.Record(duration.TotalSeconds);
    }

    public void Refused(string reason) => _issuances.Add(1, new KeyValuePair<string, object?>("result", reason));

    public void JwtIssued() => JwtRefused("issued");

    public void JwtRefused(string reason) => _jwtIssuances.Add(1, new KeyValuePair<string, object?>("result", reason));

    public void IssuingCaRequested(string result) => _issuingCaRequests.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Dispose() => _meter.Dispose();
}
