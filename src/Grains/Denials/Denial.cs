using System.Text.Json.Serialization;

namespace MeshGrains.Grains;

/// <summary>
/// One member of a trust domain's denial set. <paramref name="Number"/> is the set's number from which it holds. After <paramref name="Until"/> it may
/// leave the set, for what it denies has ended by itself; null: somebody has to remove it, or its kind tells when.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.Denial")]
public sealed record Denial(
    [property: Id(0)] DenialKind Kind,
    [property: Id(1)] string Subject,
    [property: Id(2)] long Number,
    [property: Id(3)] string Reason,
    [property: Id(4)] string Actor,
    [property: Id(5)] DateTimeOffset Since,
    [property: Id(6)] string OperationId,
    [property: Id(7), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? Until = null)
{
    /// <summary>Of a tainted authority: over how many seconds agents spread what they replace. Null or 0: at once.</summary>
    [Id(8)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? ReissueOverSeconds { get; init; }

    /// <summary>The home cluster that ordered it, in a member's set; null: it was ordered in this cluster.</summary>
    [Id(9)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Origin { get; init; }
}
