using System.Text.Json.Serialization;

namespace MeshGrains.Agent.Workloads.Docker;

[JsonSerializable(typeof(DockerContainer))]
internal sealed partial class DockerJson : JsonSerializerContext;
