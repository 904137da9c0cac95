using System.Diagnostics.Metrics;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Metrics;

/// <summary>The gateway's instruments. Labels are API names, stable reasons and authority ids: never a caller, a token or a SPIFFE ID.</summary>
internal sealed class GatewayMetrics
{
    public const string MeterName = "MeshGrains.Gateway";

    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private readonly IIssuanceService _issuance;
    private readonly ServingCertificate _serving;
    private readonly IRelayCredentials? _bootstrap;
    private readonly TimeProvider _time;
    private readonly IssuerSource? _trust;
    private readonly JwtSigningSource? _jwt;

    public GatewayMetrics(
        IMeterFactory meters, IIssuanceService issuance, IIssuanceLog log, ServingCertificate serving, TimeProvider time,
        IRelayCredentials? bootstrap = null, DenialReplica? denials = null, IssuerSource? trust = null, JwtSigningSource? jwt = null)
    {
        (_issuance, _serving, _bootstrap, _time, _trust, _jwt) = (issuance, serving, bootstrap, time, trust, jwt);
        var meter = meters.Create(MeterName);
        _requests = meter.CreateCounter<long>(
            "meshgrains.gateway.svid_requests", description: "Requests for an SVID at the gateway, by API and result: ok, or the reason of the refusal.");
        _duration = meter.CreateHistogram<double>(
            "meshgrains.gateway.svid_duration", "s", "Time from a request for an SVID to its answer, authentication included, by API and outcome.");
        meter.CreateObservableGauge(
            "meshgrains.authority.expiry", Expiry, "s", "Time until an authority's certificate ends, by kind and authority id.");
        meter.CreateObservableGauge("meshgrains.log.queue_depth", () => log.QueueDepth, description: "Records waiting to be made durable.");
        meter.CreateObservableGauge("meshgrains.log.available", () => log.IsAvailable ? 1 : 0, description: "1 while the issuance log takes records, 0 while it does not.");
        meter.CreateObservableGauge(
            "meshgrains.bundle.number", () => issuance.Current?.BundleNumber ?? 0, description: "The number of the trust bundle that is being delivered.");
        meter.CreateObservableGauge(
            "meshgrains.gateway.ready", () => issuance.NotReadyReason is null ? 1 : 0, description: "1 while this silo issues, 0 while it does not.");
        if (denials is not null)
        {
            meter.CreateObservableGauge(
                "meshgrains.denials.confirmation_age", () => Age(denials), "s", "Time since this silo last confirmed the denial set; beyond the lease it issues nothing.");
            meter.CreateObservableGauge("meshgrains.denials.number", () => denials.Current?.Number ?? 0, description: "The number of the denial set that this silo holds.");
        }
    }

    public long Start() => _time.GetTimestamp();

    public void Issued(string api, long started) => Record(api, "ok", "issued", started);

    public void Refused(string api, string reason, long started) => Record(api, reason, "refused", started);

    private void Record(string api, string result, string outcome, long started)
    {
        _requests.Add(1, new KeyValuePair<string, object?>("api", api), new KeyValuePair<string, object?>("result", result));
        _duration.Record(
            _time.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>("api", api), new KeyValuePair<string, object?>("outcome", outcome));
    }

    /// <summary>Nothing before the first confirmation: a start is not a lapse.</summary>
    private IEnumerable<Measurement<double>> Age(DenialReplica denials) =>
        denials.Current?.ConfirmedTimestamp is { } confirmed ? [new(_time.GetElapsedTime(confirmed).TotalSeconds)] : [];

    private IEnumerable<Measurement<double>> Expiry()
    {
        var now = _time.GetUtcNow();
        if (_issuance.Current is { } current)
        {
            yield return Left("issuing_ca", current.AuthorityId, current.NotAfter);
            foreach (var root in current.Bundle.X509Authorities)
            {
                yield return Left("root", root.AuthorityId, root.NotAfter);
            }

            // Certified from outside: the bundle's anchor is not the root, and what stands between them may end first.
            if (current.UpperChainDer is { Length: > 0 } above)
            {
                yield return Left("root", current.RootAuthorityId, above.Min(der => ParsedCertificate.Read(der).NotAfter));
            }
        }

        if (_serving.Current is { } serving)
        {
            yield return Left("gateway", "gateway", serving.NotAfter);
        }

        if (_bootstrap?.Current is { } bootstrap)
        {
            yield return Left("bootstrap", "bootstrap", bootstrap.NotAfter);
        }

        if (_jwt?.KeyId is { } signing && _trust?.Known?.JwtAuthorities?.FirstOrDefault(key => key.KeyId == signing) is { } key)
        {
            yield return Left("jwt", key.KeyId, key.NotAfter);
        }

        Measurement<double> Left(string kind, string authority, DateTimeOffset notAfter)
            => new((notAfter - now).TotalSeconds, new("kind", kind), new("authority", authority));
    }
}
