using System.Text.Json.Serialization;

namespace MeshGrains.Cli;

/// <summary>Why a CA is taken out of use, and the time over which agents replace what it signed.</summary>
internal sealed record TaintBody(string Reason, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? ReissueOverSeconds);
