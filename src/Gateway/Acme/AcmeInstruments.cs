using System.Diagnostics.Metrics;

namespace MeshGrains.Gateway.Acme;

/// <summary>The meter <c>MeshGrains.Federation.Acme</c>; empty where no certificate comes by ACME.</summary>
internal sealed class AcmeInstruments
{
    private readonly Meter _meter;
    private readonly Counter<long> _orders;
    private readonly TimeProvider _time;

    public AcmeInstruments(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create("MeshGrains.Federation.Acme");
        _orders = _meter.CreateCounter<long>("meshgrains.federation.acme_orders", description: "Certificates that this process ordered for the bundle endpoint, by result: ok or failed.");
    }

    public void Ordered(string result) => _orders.Add(1, new KeyValuePair<string, object?>("result", result));

    public void Watch(AcmeCertificate certificate)
    {
        _meter.CreateObservableGauge(
            "meshgrains.federation.acme_failures", () => certificate.Document.Failures, description: "Orders for the bundle endpoint's certificate that failed since the last good one.");
    }
}
