namespace MeshGrains.Grains;

/// <summary>
/// What became of an import. <paramref name="NotAfter"/> is the earliest end in the chain. <paramref name="First"/>: the root had none before.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.UpstreamImport")]
public sealed record UpstreamImport(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] int Certificates,
    [property: Id(2)] DateTimeOffset NotAfter,
    [property: Id(3)] bool First,
    [property: Id(4)] long BundleNumber);
