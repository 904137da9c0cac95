using System.Diagnostics.Metrics;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Serving;

namespace MeshGrains.Gateway.Relay;

/// <summary>What a gateway that runs alone tells of itself beside <see cref="RelayMetrics"/>, under the names that a silo's gateway uses.</summary>
internal sealed class FrontMetrics
{
    private readonly ServingCertificate _serving;
    private readonly IRelayCredentials _bootstrap;
    private readonly TimeProvider _time;

    public FrontMetrics(IMeterFactory meters, ServingCertificate serving, IRelayCredentials bootstrap, TimeProvider time)
    {
        (_serving, _bootstrap, _time) = (serving, bootstrap, time);
        meters.Create(GatewayMetrics.MeterName).CreateObservableGauge(
            "meshgrains.authority.expiry", Expiry, "s", "Time until an authority's certificate ends, by kind and authority id.");
    }

    private IEnumerable<Measurement<double>> Expiry()
    {
        var now = _time.GetUtcNow();
        if (_serving.Current is { } serving)
        {
            yield return Left("gateway", serving.NotAfter);
        }

        yield return Left("bootstrap", _bootstrap.Current.NotAfter);

        Measurement<double> Left(string kind, DateTimeOffset notAfter)
            => new((notAfter - now).TotalSeconds, new("kind", kind), new("authority", kind));
    }
}
