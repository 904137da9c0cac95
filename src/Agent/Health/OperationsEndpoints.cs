using MeshGrains.Agent.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Agent.Health;

/// <summary><c>/livez</c>, <c>/readyz</c> and <c>/metrics</c>, plain.</summary>
internal static class OperationsEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints, AgentHealthReport report, AgentMetrics metrics)
    {
        Get("/livez", _ => "ok\n");
        Get("/readyz", http =>
        {
            if (report.NotReadyReason is { } reason)
            {
                http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return $"not ready: {reason}\n";
            }

            var refused = metrics.Nacks == 0 ? "" : $"secrets refused by proxies: {metrics.Nacks}; event 5012 of the log tells which\n";
            return (report.Trouble.Length == 0 ? "ok\n" : $"ok, serving what is held: {report.Trouble}\n") + refused;
        });
        Get("/metrics", _ => metrics.Write(report.Gauges()));

        void Get(string path, Func<HttpContext, string> answer) => endpoints.MapGet(path, (RequestDelegate)(http =>
        {
            http.Response.ContentType = "text/plain; charset=utf-8";
            return http.Response.WriteAsync(answer(http));
        })).WithMetadata(OperationsOnly.Instance);
    }
}
