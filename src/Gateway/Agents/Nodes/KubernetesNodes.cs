using MeshGrains.Grains;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Agents;

/// <summary>
/// Node agents by their pods' projected tokens, which the gateway's token sources have verified already: issuer and keys pinned for the cluster, one
/// audience. Here: is that account an agent's, and is the token bound to a node.
/// </summary>
internal sealed class KubernetesNodes(IOptions<NodeAttestationOptions> options)
{
    public const string Attestor = "k8s_psat";

    private static readonly Refusal Unbound = new(
        RefusalCode.Unauthenticated, "token_without_node",
        "The token is not bound to a node (kubernetes.io.node with name and uid); node agents need Kubernetes 1.30 or later.");

    private readonly Dictionary<string, HashSet<string>> _accounts = options.Value.K8s.ToDictionary(
        cluster => cluster.Source, cluster => cluster.ServiceAccounts.ToHashSet(StringComparer.Ordinal), StringComparer.Ordinal);

    public NodeVerdict Judge(AuthenticatedCaller caller)
    {
        var (space, account) = (caller.Fact("k8s", "ns"), caller.Fact("k8s", "sa"));
        if (!_accounts.TryGetValue(caller.Source, out var accounts) || !accounts.Contains($"{space}/{account}"))
        {
            return new Refusal(
                RefusalCode.PermissionDenied, "node_not_allowed", "This service account is no node agent's; nodeAttestation.k8s names those that are.", caller.Name);
        }

        if (caller.Fact("k8s", "node-name") is not { } node || caller.Fact("k8s", "node-uid") is not { } uid)
        {
            return Unbound;
        }

        // As SPIRE names them.
        return new AttestedNode(
            $"{Attestor}/{caller.Source}/{uid}",
            [
                new(Attestor, $"cluster:{caller.Source}"), new(Attestor, $"agent_ns:{space}"), new(Attestor, $"agent_sa:{account}"),
                new(Attestor, $"agent_node_name:{node}"), new(Attestor, $"agent_node_uid:{uid}"),
            ]);
    }
}
