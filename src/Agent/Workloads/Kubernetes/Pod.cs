using System.Text.Json.Serialization;

namespace MeshGrains.Agent.Workloads.Kubernetes;

/// <summary>Of a pod, as the kubelet tells it, what selectors are made of.</summary>
internal sealed record Pod(
    [property: JsonPropertyName("metadata")] Pod.Meta? Metadata, [property: JsonPropertyName("spec")] Pod.Specification? Spec,
    [property: JsonPropertyName("status")] Pod.State? Status)
{
    internal sealed record Meta(
        [property: JsonPropertyName("name")] string? Name, [property: JsonPropertyName("namespace")] string? Namespace, [property: JsonPropertyName("uid")] string? Uid,
        [property: JsonPropertyName("labels")] IReadOnlyDictionary<string, string?>? Labels,
        [property: JsonPropertyName("annotations")] IReadOnlyDictionary<string, string?>? Annotations,
        [property: JsonPropertyName("ownerReferences")] IReadOnlyList<Owner>? Owners);

    internal sealed record Owner(
        [property: JsonPropertyName("kind")] string? Kind, [property: JsonPropertyName("name")] string? Name, [property: JsonPropertyName("uid")] string? Uid);

    internal sealed record Specification(
        [property: JsonPropertyName("serviceAccountName")] string? ServiceAccountName, [property: JsonPropertyName("nodeName")] string? NodeName);

    internal sealed record State(
        [property: JsonPropertyName("containerStatuses")] IReadOnlyList<Container>? Containers,
        [property: JsonPropertyName("initContainerStatuses")] IReadOnlyList<Container>? InitContainers);

    internal sealed record Container(
        [property: JsonPropertyName("name")] string? Name, [property: JsonPropertyName("containerID")] string? ContainerId,
        [property: JsonPropertyName("image")] string? Image, [property: JsonPropertyName("imageID")] string? ImageId);
}
