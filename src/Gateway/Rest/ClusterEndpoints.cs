using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Rest;

/// <summary><c>/v1/clusters</c>: the member clusters of this home.</summary>
internal sealed class ClusterEndpoints(AdminContext admin, MemberClusters members, IOptions<AuthorityOptions> authority)
{
    public void Map(IEndpointRouteBuilder endpoints)
        => endpoints.MapRest(
                "GET", "/clusters", Access.Operators(OperatorRole.Read, OperatorRole.Rotate),
                new RestOperation("listClusters", "clusters", "Lists the member clusters of this home: when each was heard, which bundle it serves, what a rotation waits for there"),
                ListAsync)
            .Answers<ClusterList>();

    private async Task ListAsync(HttpContext http)
    {
        RestCall.AllowQuery(http);
        var view = await admin.TrustDomain.GetAsync();
        var standings = await members.ListAsync();
        await RestCall.WriteAsync(http, RestJson.Wire.ClusterList, new ClusterList(
            admin.Scope.Cluster, view.BundleNumber, [.. authority.Value.Clusters.Zip(standings, ClusterItem.Of)]));
    }
}
