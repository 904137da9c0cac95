using System.Globalization;
using System.Text.Json;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace MeshGrains.Gateway.Rest;

/// <summary>Answers with a problem document.</summary>
internal static class ProblemWriter
{
    private const string ContentType = "application/problem+json";
    private const string TypePrefix = "urn:meshgrains:problem:";

    public static Task WriteAsync(HttpContext http, Refusal refusal)
    {
        var status = RefusalMap.HttpStatus(refusal.Code);
        if (refusal.RetryAfter is { } retryAfter)
        {
            var seconds = Math.Max(1, (long)Math.Ceiling(retryAfter.TotalSeconds));
            http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (status == StatusCodes.Status401Unauthorized)
        {
            http.Response.Headers.WWWAuthenticate = "Bearer";
        }

        return WriteAsync(http, status, refusal.Reason, refusal.Message);
    }

    /// <summary>For statuses that Kestrel and routing choose: body too large, method not allowed, malformed requests.</summary>
    public static Task WriteStatusAsync(HttpContext http, int status) => status switch
    {
        StatusCodes.Status405MethodNotAllowed => WriteAsync(http, status, "method_not_allowed", "The method is not served at this path; 'allow' names those that are."),
        StatusCodes.Status408RequestTimeout => WriteAsync(http, status, "request_timeout", "The request came too slowly."),
        StatusCodes.Status413PayloadTooLarge => WriteAsync(http, status, "body_too_large", "The request body is larger than the gateway takes."),
        StatusCodes.Status415UnsupportedMediaType => WriteAsync(http, status, "content_type", "The body has to be JSON, with 'content-type: application/json'."),
        _ => WriteAsync(http, status, "http_" + status.ToString(CultureInfo.InvariantCulture), "The request could not be read."),
    };

    private static Task WriteAsync(HttpContext http, int status, string reason, string detail)
    {
        var title = ReasonPhrases.GetReasonPhrase(status);
        var problem = new Problem(TypePrefix + reason, title, status, detail, reason, RequestId.Of(http));
        http.Response.StatusCode = status;
        http.Response.ContentType = ContentType;
        http.Response.Headers.CacheControl = "no-store";
        return JsonSerializer.SerializeAsync(http.Response.Body, problem, RestJson.Wire.Problem, http.RequestAborted);
    }
}
