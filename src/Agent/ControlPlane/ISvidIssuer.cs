using MeshGrains.Rpc.Agents;

namespace MeshGrains.Agent.ControlPlane;

/// <summary>Signs for this node's workloads.</summary>
internal interface ISvidIssuer
{
    /// <exception cref="Rpc.RpcException">It does not, now.</exception>
    Task<IssueResponse> IssueAsync(IssueRequest request, CancellationToken cancellationToken);
}
