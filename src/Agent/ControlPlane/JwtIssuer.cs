using MeshGrains.Agent.Svids;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>JWT-SVIDs over the standing session. One that is just being replaced is waited for a moment; while there is none it says so at once.</summary>
internal sealed class JwtIssuer(ControlPlaneLink link) : IJwtIssuer
{
    /// <summary>A connection that grew old and our own new SVID change the session: no workload has to see that.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<IssueJwtResponse> IssueAsync(IssueJwtRequest request, CancellationToken cancellationToken)
    {
        var client = await link.SoonAsync(Patience, cancellationToken) ?? throw new RpcException(RpcStatusCode.Unavailable, $"The control plane is not connected: {link.Trouble}");
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
