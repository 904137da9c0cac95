using System.Buffers;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Serving;

/// <summary>
/// The one id that a refusal carries to the caller and to the log. Always ours: a caller's own <c>x-request-id</c> is only told beside it, if it is sane.
/// </summary>
internal static class RequestId
{
    public const string HeaderName = "mesh-request-id";
    private const string CallersHeader = "x-request-id";
    private const int MaxCallersChars = 64;

    private static readonly SearchValues<char> Sane = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>Makes the id of this call, or takes the one that its relay gave it, and puts it on the response.</summary>
    public static string Assign(HttpContext http, IRandomSource random)
    {
        var id = ConnectionOrigin.Of(http)?.RequestId ?? random.NewId();
        http.TraceIdentifier = id;
        http.Response.Headers[HeaderName] = id;
        return id;
    }

    public static string Of(HttpContext http) => http.TraceIdentifier;

    /// <summary>The caller's own id, for logs; null when there is none or it holds anything but letters, digits, '-' and '_'.</summary>
    public static string? CallersOwn(HttpContext http)
    {
        var values = http.Request.Headers[CallersHeader];
        return values.Count == 1 && values[0] is { Length: > 0 and <= MaxCallersChars } value && !value.AsSpan().ContainsAnyExcept(Sane)
            ? value
            : null;
    }
}
