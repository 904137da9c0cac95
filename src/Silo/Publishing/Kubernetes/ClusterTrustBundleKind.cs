using System.Text.Json.Nodes;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>A ClusterTrustBundle, by the newest version of certificates.k8s.io that this API server has it in.</summary>
internal sealed class ClusterTrustBundleKind(string name, string signerName) : IKubernetesKind
{
    private const string Group = "/apis/certificates.k8s.io/";
    private const string Resource = "clustertrustbundles";

    private static readonly string[] Versions = ["v1", "v1beta1", "v1alpha1"];

    public string What => $"ClusterTrustBundle {name}";

    public string Kind => "ClusterTrustBundle";

    public string Name => name;

    /// <summary>Asked each time: an upgrade of the cluster takes old versions away.</summary>
    public async Task<string> CollectionAsync(KubernetesApi api, CancellationToken cancellationToken)
    {
        foreach (var version in Versions)
        {
            if (await api.GetAsync(Group + version, cancellationToken) is { } resources
                && resources["resources"] is JsonArray list
                && list.Any(item => item is JsonObject one && one["name"] is JsonValue text && text.TryGetValue<string>(out var found) && found == Resource))
            {
                return $"{Group}{version}/{Resource}";
            }
        }

        throw new PublishingException(
            "This API server has no ClusterTrustBundles. They need Kubernetes 1.27 with the feature gate ClusterTrustBundle and their API version switched on; a ConfigMap needs nothing.");
    }

    public JsonObject Content(PublishedBundle bundle)
    {
        var spec = new JsonObject { ["trustBundle"] = bundle.TextIn(BundleFormat.Pem) };
        if (signerName.Length > 0)
        {
            spec["signerName"] = signerName;
        }

        return new JsonObject { ["spec"] = spec };
    }
}
