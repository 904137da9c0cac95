using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// Makes an agent of an attested node: an entry of its own, which keeps its selectors, and which an eviction takes away. A node that attests again
/// gets the entry that it has.
/// </summary>
internal sealed class NodeAdmission(IGrainFactory grains, MeshScope scope, IOptions<SvidOptions> svids, IRandomSource random, TimeProvider time)
{
    /// <exception cref="GrainOperationException">It may not attest again, or the stores fail.</exception>
    public async Task<AuthenticatedCaller> AdmitAsync(AttestedNode node, string attestor, string operationId)
    {
        var id = $"spiffe://{scope.TrustDomain.Name}{AgentNames.Prefix}{node.Name}";
        var now = time.GetUtcNow();

        // What is not heard of for so long could not renew anyway, and its entry goes by itself; a node that attests but once stays known.
        DateTimeOffset? until = node.Once ? null : now + svids.Value.AgentRenewalLimit + TimeSpan.FromDays(1);
        var entry = await grains.GetGrain<IWorkloadIdentityGrain>(id).AdmitNodeAsync(
            new AdmitNode(random.NewId(), EntryRules.NodeParent(scope.TrustDomain.Name, attestor), node.Selectors, node.Once, until, operationId));
        return new AuthenticatedCaller { Kind = CallerKind.Node, Name = $"node:{node.Name}", SpiffeId = null, EntryId = entry.Id, AttestedAt = now };
    }
}
