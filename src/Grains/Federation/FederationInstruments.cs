using System.Diagnostics.Metrics;

namespace MeshGrains.Grains;

/// <summary>
/// The meter <c>MeshGrains.Federation</c>. Labels are reasons and the names of foreign trust domains, which operators state and whose number is bounded.
/// </summary>
public sealed class FederationInstruments : IDisposable
{
    private readonly Meter _meter = new("MeshGrains.Federation");
    private readonly Counter<long> _asked;

    public FederationInstruments() => _asked = _meter.CreateCounter<long>(
        "meshgrains.federation.fetches", description: "Fetches of foreign bundles by this silo, by result: ok, or why no bundle was taken.");

    internal void Asked(string result) => _asked.Add(1, new KeyValuePair<string, object?>("result", result));

    /// <summary>Tells, at each collection, what this silo last saw of each relationship.</summary>
    internal void Watch(Func<IEnumerable<FederationView>> views, TimeProvider time)
    {
        _meter.CreateObservableGauge(
            "meshgrains.federation.last_success_age", () => views().Select(view => Of(view, (time.GetUtcNow() - (view.LastSuccessAt ?? view.CreatedAt)).TotalSeconds)), "s",
            "Time since a foreign bundle was last fetched well, or since the relationship began, by foreign trust domain.");
        _meter.CreateObservableGauge(
            "meshgrains.federation.failures", () => views().Select(view => Of(view, view.Failures)), description: "Fetches of a foreign bundle that failed or were refused since the last good one.");
        _meter.CreateObservableGauge(
            "meshgrains.federation.refused", () => views().Select(view => Of(view, IsRefusal(view.FailureReason) ? 1 : 0)),
            description: "1 while what a foreign endpoint serves is refused (a rollback, another domain's keys, a document that cannot be used), else 0.");
        _meter.CreateObservableGauge(
            "meshgrains.federation.sequence", () => views().Where(view => view.Sequence is not null).Select(view => Of(view, view.Sequence!.Value)),
            description: "The spiffe_sequence of a foreign bundle.");
        _meter.CreateObservableGauge(
            "meshgrains.federation.root_expiry",
            () => views().Where(view => !view.Roots.IsEmpty).Select(view => Of(view, (view.Roots.Max(root => root.NotAfter) - time.GetUtcNow()).TotalSeconds)), "s",
            "Time until the last trusted root of a foreign trust domain ends.");
    }

    public void Dispose() => _meter.Dispose();

    private static bool IsRefusal(string? reason) => reason is "malformed" or "foreign_authority" or "no_usable_root" || reason?.StartsWith("sequence_", StringComparison.Ordinal) == true;

    private static Measurement<double> Of(FederationView view, double value) => new(value, new KeyValuePair<string, object?>("trust_domain", view.TrustDomain));
}
