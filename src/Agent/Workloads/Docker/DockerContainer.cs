using System.Text.Json.Serialization;

namespace MeshGrains.Agent.Workloads.Docker;

/// <summary>Of <c>GET /containers/ID/json</c>, what selectors are made of.</summary>
internal sealed record DockerContainer([property: JsonPropertyName("Id")] string? Id, [property: JsonPropertyName("Image")] string? Image, [property: JsonPropertyName("Config")] DockerContainer.Settings? Config)
{
    internal sealed record Settings(
        [property: JsonPropertyName("Image")] string? Image, [property: JsonPropertyName("Env")] IReadOnlyList<string>? Env,
        [property: JsonPropertyName("Labels")] IReadOnlyDictionary<string, string?>? Labels);
}
