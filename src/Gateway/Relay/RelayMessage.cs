using System.Collections.Frozen;
using System.Net.Http.Headers;
using MeshGrains.Gateway.Serving;
using MeshGrains.Rpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace MeshGrains.Gateway.Relay;

/// <summary>Requests and answers carried from one side of the relay to the other: what belongs to a connection stays behind, and so does what only relays may say.</summary>
internal static class RelayMessage
{
    private static readonly FrozenSet<string> OfTheConnection = new[]
    {
        HeaderNames.Connection, HeaderNames.KeepAlive, HeaderNames.TransferEncoding, HeaderNames.TE, HeaderNames.Trailer, HeaderNames.Upgrade,
        HeaderNames.Host, HeaderNames.Expect, HeaderNames.ProxyConnection, HeaderNames.ProxyAuthenticate, HeaderNames.ProxyAuthorization,
        HeaderNames.AltSvc, HeaderNames.Date, HeaderNames.Server, HeaderNames.GrpcTimeout, HeaderNames.ContentLength, RequestId.HeaderName,
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <param name="http">The call as it came.</param>
    /// <param name="facts">What is known of the caller.</param>
    /// <param name="content">The body; null for none.</param>
    /// <param name="left">What the silo has for a gRPC call; null without a bound.</param>
    public static HttpRequestMessage Request(HttpContext http, RelayFacts facts, HttpContent? content, TimeSpan? left)
    {
        var from = http.Request;
        var request = new HttpRequestMessage(
            new HttpMethod(from.Method), SiloLink.Uri(from.Path.ToUriComponent() + from.QueryString.ToUriComponent())) { Content = content };
        foreach (var (name, values) in from.Headers)
        {
            if (IsCarried(name) && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        if (GrpcUnimplemented.IsCall(http))
        {
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            if (left is { } time)
            {
                request.Headers.TryAddWithoutValidation(HeaderNames.GrpcTimeout, GrpcTimeout.Format(time));
            }
        }

        facts.WriteTo(request.Headers);
        return request;
    }

    /// <summary>Status and headers of an answer, before its body.</summary>
    public static void BeginAnswer(HttpContext http, int status, params ReadOnlySpan<HttpHeaders?> headers)
    {
        http.Response.StatusCode = status;
        foreach (var part in headers)
        {
            Copy(part, http.Response.Headers);
        }
    }

    public static void EndAnswer(HttpContext http, HttpHeaders trailers)
    {
        if (http.Features.Get<IHttpResponseTrailersFeature>() is { } feature && trailers.NonValidated.Count > 0)
        {
            Copy(trailers, feature.Trailers);
        }
    }

    private static void Copy(HttpHeaders? from, IHeaderDictionary to)
    {
        if (from is null)
        {
            return;
        }

        foreach (var (name, values) in from.NonValidated)
        {
            if (IsCarried(name))
            {
                to[name] = values.ToArray();
            }
        }
    }

    private static bool IsCarried(string name) =>
        !OfTheConnection.Contains(name) && !name.StartsWith(RelayFacts.Prefix, StringComparison.OrdinalIgnoreCase) && name[0] != ':';
}
