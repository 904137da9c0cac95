using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.Svids;

/// <summary>Where JWT-SVIDs come from.</summary>
internal interface IJwtIssuer
{
    /// <exception cref="RpcException">The control plane refused, failed or is not connected (UNAVAILABLE).</exception>
    Task<IssueJwtResponse> IssueAsync(IssueJwtRequest request, CancellationToken cancellationToken);
}
