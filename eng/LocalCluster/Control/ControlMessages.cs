using System.Text.Json;
using System.Text.Json.Serialization;

namespace MeshGrains.LocalCluster;

/// <summary>What is asked of a supervisor: one line of JSON, answered by one line.</summary>
/// <param name="Do">status, scale or stop.</param>
/// <param name="Silos">For scale.</param>
internal sealed record ControlRequest(string Do, int Silos = 0)
{
    public const string Status = "status";
    public const string Scale = "scale";
    public const string Stop = "stop";
}

/// <param name="Error">Why it could not be done; null when it was.</param>
/// <param name="Status">How the cluster is afterwards.</param>
internal sealed record ControlAnswer(string? Error, ClusterStatus? Status);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlAnswer))]
[JsonSerializable(typeof(ClusterPlan))]
internal sealed partial class ControlJson : JsonSerializerContext;

/// <summary>The same for people's eyes.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ClusterStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
