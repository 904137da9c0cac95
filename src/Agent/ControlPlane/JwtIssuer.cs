using MeshGrains.Agent.Svids;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>JWT-SVIDs over the standing session; while there is none it says so at once.</summary>
internal sealed class JwtIssuer(ControlPlaneLink link) : IJwtIssuer
{
    public async Task<IssueJwtResponse> IssueAsync(IssueJwtRequest request, CancellationToken cancellationToken)
    {
        var client = link.Current ?? throw new RpcException(RpcStatusCode.Unavailable, $"The control plane is not connected: {link.Trouble}");
        try
        {
            return await client.IssueJwtAsync(request, cancellationToken);
        }
        catch (RpcException failure)
        {
            link.Failed(client, failure);
            throw;
        }
    }
}
