using System.Text.Json.Serialization;

namespace MeshGrains.Agent.Workloads.Kubernetes;

/// <summary>The answer to <c>GET /pods</c>.</summary>
internal sealed record PodList([property: JsonPropertyName("items")] IReadOnlyList<Pod>? Items);
