using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace MeshGrains.Grains;

/// <summary>
/// What a member cluster tells its home: the bundle that it serves from and, while a root's rotation runs, what its phase waits for there.
/// <paramref name="RotationId"/> is empty and <paramref name="Facts"/> null when it knows of none. <paramref name="AllowedPaths"/>: where it says that it issues.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.ClusterReport")]
public sealed record ClusterReport(
    [property: Id(0)] long BundleNumber,
    [property: Id(1)] ImmutableArray<string> AllowedPaths,
    [property: Id(2)] string RotationId,
    [property: Id(3)] RotationPhase Phase,
    [property: Id(4)] long Number,
    [property: Id(5)] ClusterRotationFacts? Facts)
{
    /// <summary>The home's denial set by which every silo of the member refuses; null: none yet, or a version that does not tell.</summary>
    [Id(6)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? DenialsNumber { get; init; }
}
