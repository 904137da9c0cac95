using System.Text.Json;
using MeshGrains.Gateway.Metrics;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Health;

/// <summary><c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>.</summary>
internal sealed class HealthEndpoints(IEnumerable<IReadinessCheck> checks, PrometheusCollector metrics, IIssuanceService? issuance = null)
{
    /// <summary>Who relays asks for a silo that issues; one that never does, an authority alone, is ready for everybody else.</summary>
    private readonly IReadinessCheck[] _forRelays = issuance is null || checks.Any(check => check is IssuanceReadiness)
        ? [.. checks]
        : [.. checks, new IssuanceReadiness(issuance)];

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var everywhere = Access.Open(ListenerKinds.Mesh | ListenerKinds.Operations | ListenerKinds.Admin | ListenerKinds.Relay);
        endpoints.MapMethods("/livez", ["GET", "HEAD"], AliveAsync).WithMetadata(everywhere);
        endpoints.MapMethods("/readyz", ["GET", "HEAD"], ReadyAsync).WithMetadata(everywhere);
        endpoints.MapMethods("/metrics", ["GET", "HEAD"], MetricsAsync).WithMetadata(Access.Open(ListenerKinds.Operations));
    }

    private static Task AliveAsync(HttpContext http) => TextAsync(http, "text/plain; charset=utf-8", "ok\n");

    private Task ReadyAsync(HttpContext http)
    {
        // Anyone may reach the mesh listener: there it is said that something is wrong, not what.
        var listener = ConnectionOrigin.Of(http)?.Listener;
        var withReasons = listener is ListenerKinds.Operations or ListenerKinds.Admin or ListenerKinds.Relay;
        var report = ReadinessReport.Of(listener == ListenerKinds.Relay ? _forRelays : checks, withReasons);
        var status = report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return RestCall.WriteAsync(http, RestJson.Wire.ReadinessReport, report, status);
    }

    private Task MetricsAsync(HttpContext http) => TextAsync(http, PrometheusText.ContentType, metrics.Collect());

    private static Task TextAsync(HttpContext http, string contentType, string text)
    {
        http.Response.ContentType = contentType;
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
