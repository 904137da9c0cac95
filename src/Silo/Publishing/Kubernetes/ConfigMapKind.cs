using System.Text.Json.Nodes;
using MeshGrains.Grains;

namespace MeshGrains.Silo;

/// <summary>A ConfigMap: the bundle under one key; what others keep under other keys stays.</summary>
internal sealed class ConfigMapKind(string @namespace, string name, string key, BundleFormat format) : IKubernetesKind
{
    public string What => $"ConfigMap {@namespace}/{name}";

    public string Kind => "ConfigMap";

    public string Name => name;

    public Task<string> CollectionAsync(KubernetesApi api, CancellationToken cancellationToken) =>
        Task.FromResult($"/api/v1/namespaces/{@namespace}/configmaps");

    public JsonObject Content(PublishedBundle bundle) => new() { ["data"] = new JsonObject { [key] = bundle.TextIn(format) } };
}
