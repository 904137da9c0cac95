using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace MeshGrains.Grains;

/// <summary>The whole denial set of a trust domain at one number. Additions, removals and changes of the roster all raise the number.</summary>
[GenerateSerializer, Immutable, Alias("mg.DenialSet")]
public sealed record DenialSet([property: Id(0)] long Number, [property: Id(1)] ImmutableArray<Denial> Denials)
{
    public static DenialSet Empty { get; } = new(0, []);

    /// <summary>The silos that may hold a lease; absent in sets of versions before there was a roster, and while nobody is on it.</summary>
    [Id(2)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ImmutableArray<LeaseHolder> Roster { get; init; }

    /// <summary>In a member cluster: the number of the home's set whose denials are in this one. A lower one is passed over. Null: none was told yet.</summary>
    [Id(3)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? FollowedNumber { get; init; }

    /// <summary><see cref="Roster"/>, never default.</summary>
    [JsonIgnore]
    public ImmutableArray<LeaseHolder> Holders => Roster.IsDefault ? [] : Roster;
}
