using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Rest;

/// <summary>Public data that readers keep: with its tag and its age, and 304 for who has it.</summary>
internal static class ConditionalAnswer
{
    public static Task WriteAsync(HttpContext http, string contentType, string tag, string cacheControl, byte[] body)
    {
        var response = http.Response;
        response.Headers.ETag = tag;
        response.Headers.CacheControl = cacheControl;
        if (http.Request.Headers.IfNoneMatch.Any(value => value is not null && (value == "*" || value.Contains(tag, StringComparison.Ordinal))))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        return response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}
