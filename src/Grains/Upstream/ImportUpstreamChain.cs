using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>What an outside CA made of a request: certificates as DER, in any order, the outside root among them.</summary>
[GenerateSerializer, Immutable, Alias("mg.ImportUpstreamChain")]
public sealed record ImportUpstreamChain(
    [property: Id(0)] string OperationId,
    [property: Id(1)] ImmutableArray<byte[]> Certificates,
    [property: Id(2)] string Actor,
    [property: Id(3)] string Reason);
