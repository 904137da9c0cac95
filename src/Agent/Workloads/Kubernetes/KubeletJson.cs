using System.Text.Json.Serialization;

namespace MeshGrains.Agent.Workloads.Kubernetes;

[JsonSerializable(typeof(PodList))]
internal sealed partial class KubeletJson : JsonSerializerContext;
