namespace MeshGrains.Grains;

/// <summary>Takes an issuing CA out of use. <paramref name="ReissueOverSeconds"/>: over which time agents replace what it signed; 0 for at once.</summary>
[GenerateSerializer, Immutable, Alias("mg.TaintIssuingCa")]
public sealed record TaintIssuingCa(
    [property: Id(0)] string AuthorityId,
    [property: Id(1)] string Reason,
    [property: Id(2)] string Actor,
    [property: Id(3)] string OperationId,
    [property: Id(4)] int ReissueOverSeconds);
