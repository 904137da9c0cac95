using MeshGrains.Grains;

namespace MeshGrains.Gateway;

/// <summary>What a bound service-account token says about the pod that holds it. Node and pod name may be absent, the rest never.</summary>
internal sealed record PodIdentity(
    string Namespace, string ServiceAccount, string ServiceAccountUid, string? Pod, string PodUid, string? Node, string? NodeUid = null)
{
    /// <summary>The caller, with selectors named as SPIRE names them; <c>k8s:sa-uid</c> and <c>k8s:node-uid</c> are our own.</summary>
    public AuthenticatedCaller ToCaller(KubernetesSource source, DateTimeOffset now)
    {
        var count = 4 + (Pod is null ? 0 : 1) + (Node is null ? 0 : 1) + (NodeUid is null ? 0 : 1);
        var selectors = new Selector[count];
        selectors[0] = new Selector("k8s", "ns:" + Namespace);
        selectors[1] = new Selector("k8s", "sa:" + ServiceAccount);
        selectors[2] = new Selector("k8s", "sa-uid:" + ServiceAccountUid);
        selectors[3] = new Selector("k8s", "pod-uid:" + PodUid);
        var next = 4;
        if (Pod is not null)
        {
            selectors[next++] = new Selector("k8s", "pod-name:" + Pod);
        }

        if (Node is not null)
        {
            selectors[next++] = new Selector("k8s", "node-name:" + Node);
        }

        if (NodeUid is not null)
        {
            selectors[next] = new Selector("k8s", "node-uid:" + NodeUid);
        }

        return new AuthenticatedCaller
        {
            Kind = CallerKind.KubernetesToken,
            Name = $"k8s:{source.Name}/{Namespace}/{ServiceAccount}",
            Source = source.Name,
            Selectors = System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(selectors),
            AttestedAt = now,
            AllowedPaths = source.AllowedPaths,
        };
    }
}
