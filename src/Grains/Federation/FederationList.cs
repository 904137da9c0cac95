using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>All foreign trust domains there are, by name, with their numbers. <paramref name="Number"/> grows with every change of the list.</summary>
[GenerateSerializer, Immutable, Alias("mg.FederationList")]
public sealed record FederationList(
    [property: Id(0)] long Number,
    [property: Id(1)] ImmutableArray<FederationMember> Members);
