using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A node that attested. <paramref name="EntryId"/> is for an entry that is made; one that is there keeps its own. With <paramref name="Once"/> a node that
/// is known is refused. <paramref name="ExpiresAt"/> null: the entry stays until it is evicted.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.AdmitNode")]
public sealed record AdmitNode(
    [property: Id(0)] string EntryId,
    [property: Id(1)] string ParentId,
    [property: Id(2)] ImmutableArray<Selector> Selectors,
    [property: Id(3)] bool Once,
    [property: Id(4)] DateTimeOffset? ExpiresAt,
    [property: Id(5)] string OperationId);
