using System.Text;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;

namespace MeshGrains.Gateway.Acme;

/// <summary>All that the plain HTTP listener answers: the key authorization of a challenge that is under way (RFC 8555 section 8.3).</summary>
internal sealed class AcmeIntake(RequestDelegate next, AcmeCertificate certificate, IRandomSource random)
{
    private const string Prefix = "/.well-known/acme-challenge/";
    private const int MaxToken = 256;

    private static readonly Refusal Nothing = new(RefusalCode.NotFound, "no_such_challenge", "No such challenge is under way.");

    public async Task InvokeAsync(HttpContext http)
    {
        if (ConnectionOrigin.Of(http)?.Listener != ListenerKinds.AcmeChallenge)
        {
            await next(http);
            return;
        }

        RequestId.Assign(http, random);
        http.Response.Headers.Connection = "close";
        var path = http.Request.Path.Value ?? "";
        var token = path.StartsWith(Prefix, StringComparison.Ordinal) && path.Length - Prefix.Length is > 0 and <= MaxToken ? path[Prefix.Length..] : null;
        if (token is null || !HttpMethods.IsGet(http.Request.Method) || await certificate.FindTokenAsync(token, http.RequestAborted) is not { } answer)
        {
            await ProblemWriter.WriteAsync(http, Nothing);
            return;
        }

        http.Response.ContentType = "application/octet-stream";
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.Body.WriteAsync(Encoding.ASCII.GetBytes(answer.KeyAuthorization), http.RequestAborted);
    }
}
