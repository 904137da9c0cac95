using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/upstream</c>: a root that an outside CA certifies.</summary>
internal sealed class UpstreamEndpoints(AdminContext admin)
{
    private const string Tag = "upstream";

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapRest(
                "GET", "/upstream", Access.Operators(OperatorRole.Read, OperatorRole.Rotate),
                new RestOperation("getUpstream", Tag, "Gives the request for the root's certificate, for an outside CA"), GetAsync)
            .Answers<UpstreamView>();
        endpoints.MapRest(
                "POST", "/upstream/chain", Access.Operators(OperatorRole.Rotate),
                new RestOperation("importUpstream", Tag, "Takes the root's certificate from the outside CA, with those above it"), ImportAsync)
            .Takes<UpstreamChainBody>().Answers<UpstreamImportView>();
    }

    private async Task GetAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        await RestCall.WriteAsync(http, RestJson.Wire.UpstreamView, UpstreamView.Of(admin.TrustDomainName, await admin.TrustDomain.UpstreamRequestAsync()));
    }

    private async Task ImportAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var body = await RestCall.ReadAsync(http, RestJson.Wire.UpstreamChainBody);
        var reason = AdminContext.Reason(body.Reason);
        if (!PemBundle.TryRead(body.Chain, out var certificates, out var error))
        {
            throw RestCall.Invalid("chain_malformed", $"'chain': {error}");
        }

        var actor = admin.Actor(http);
        var import = await admin.Audit.RunAsync(
            http, actor, "import upstream chain", admin.TrustDomainName, reason,
            () => admin.TrustDomain.ImportUpstreamAsync(new ImportUpstreamChain(
                AdminContext.OperationId(http), [.. certificates.Select(certificate => certificate.Der.ToArray())], actor.Name, reason)));
        await RestCall.WriteAsync(http, RestJson.Wire.UpstreamImportView, UpstreamImportView.Of(import));
    }
}
