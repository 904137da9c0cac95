namespace MeshGrains.Grains;

/// <summary>A request for a root's certificate. <paramref name="Waiting"/>: nothing is issued under this root until its certificate is brought.</summary>
[GenerateSerializer, Immutable, Alias("mg.UpstreamRequest")]
public sealed record UpstreamRequest(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] byte[] RequestDer,
    [property: Id(2)] string KeyReference,
    [property: Id(3)] bool Waiting);
