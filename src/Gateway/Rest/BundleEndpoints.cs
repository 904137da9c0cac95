using MeshGrains.Gateway.Federation;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/bundle</c>: the trust bundle as SPIFFE's JWK Set and as PEM, for anyone.</summary>
internal sealed class BundleEndpoints(BundleDocument bundle)
{
    private static readonly Refusal NotYet = new(
        RefusalCode.Unavailable, "bundle_unavailable", "This silo has no trust bundle yet; /readyz tells why.", null, TimeSpan.FromSeconds(1));

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var open = Access.Open(ListenerKinds.Mesh | ListenerKinds.Admin | ListenerKinds.Relay);
        endpoints.MapRest(
                "GET", "/bundle", open,
                new RestOperation(
                    "getBundle", "bundle", "Gets the trust bundle as a JWK Set (SPIFFE Trust Domain and Bundle)",
                    RestParameter.Header("If-None-Match", "The ETag of a bundle that the caller has; 304 while it is the newest")),
                http => AnswerAsync(http, "application/json", rendered => rendered.Jwks))
            .Answers<object>();
        endpoints.MapRest(
                "GET", "/bundle.pem", open,
                new RestOperation(
                    "getBundlePem", "bundle", "Gets the X.509 roots of the trust bundle as PEM",
                    RestParameter.Header("If-None-Match", "The ETag of a bundle that the caller has; 304 while it is the newest")),
                http => AnswerAsync(http, "application/x-pem-file", rendered => rendered.Pem))
            .Answers<string>(contentType: "application/x-pem-file");
    }

    private Task AnswerAsync(HttpContext http, string contentType, Func<BundleDocument.Rendered, byte[]> form)
    {
        RestCall.AllowQuery(http);
        if (bundle.Newest() is not { } rendered)
        {
            return ProblemWriter.WriteAsync(http, NotYet);
        }

        return ConditionalAnswer.WriteAsync(http, contentType, rendered.Tag, rendered.CacheControl, form(rendered));
    }
}
