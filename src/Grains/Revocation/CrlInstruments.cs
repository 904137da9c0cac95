using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace MeshGrains.Grains;

/// <summary>The meter <c>MeshGrains.Revocation</c>, empty where no lists are made. By kind of authority: <c>root</c> or <c>issuing_ca</c>; a list's own name is no label.</summary>
public sealed class CrlInstruments : IDisposable
{
    private readonly Meter _meter = new("MeshGrains.Revocation");
    private readonly Counter<long> _failures;
    private ImmutableArray<CrlView> _lists = [];

    public CrlInstruments(TimeProvider time)
    {
        _failures = _meter.CreateCounter<long>("meshgrains.crl.failures", description: "Times that this silo could not look after the revocation lists.");
        _meter.CreateObservableGauge("meshgrains.crl.lists", () => Each(lists => lists.Count()), description: "Revocation lists that are served, by kind of authority.");
        _meter.CreateObservableGauge("meshgrains.crl.entries", () => Each(lists => lists.Sum(list => list.Revoked)), description: "Certificates on the revocation lists, by kind of authority.");
        _meter.CreateObservableGauge(
            "meshgrains.crl.age", () => Each(lists => (time.GetUtcNow() - lists.Min(list => list.ThisUpdate)).TotalSeconds), "s", "Age of the oldest revocation list, by kind of authority.");
        _meter.CreateObservableGauge(
            "meshgrains.crl.expiry", () => Each(lists => (lists.Min(list => list.NextUpdate) - time.GetUtcNow()).TotalSeconds), "s",
            "Time until the first revocation list of an authority that has not ended runs out, by kind of authority.");
    }

    public void Dispose() => _meter.Dispose();

    internal bool Owns(Instrument instrument) => ReferenceEquals(instrument.Meter, _meter);

    internal void Failed() => _failures.Add(1);

    internal void Seen(ImmutableArray<CrlView> lists) => ImmutableInterlocked.InterlockedExchange(ref _lists, lists);

    private IEnumerable<Measurement<double>> Each(Func<IEnumerable<CrlView>, double> told) =>
        _lists.GroupBy(list => list.IsRoot).Select(lists => new Measurement<double>(told(lists), new KeyValuePair<string, object?>("kind", lists.Key ? "root" : "issuing_ca")));
}
