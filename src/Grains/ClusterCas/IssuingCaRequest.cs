namespace MeshGrains.Grains;

/// <summary>
/// A silo's request for an issuing CA, signed with its bootstrap key (ECDSA P-256, SHA-256, DER) over
/// <see cref="IssuingCaRequestStatement"/>. <paramref name="BootstrapChain"/> is the silo's bootstrap certificate, leaf first;
/// <paramref name="Incarnation"/> tells this start of the silo's process from others; <paramref name="RelayEndpoint"/> is the <c>host:port</c> at
/// which it takes relayed calls, empty when it takes none.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.IssuingCaRequest")]
public sealed record IssuingCaRequest(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string Silo,
    [property: Id(2)] byte[] SubjectPublicKeyInfo,
    [property: Id(3)] DateTimeOffset RequestedAt,
    [property: Id(4)] byte[][] BootstrapChain,
    [property: Id(5)] byte[] Signature,
    [property: Id(6)] string Incarnation,
    [property: Id(7)] string RelayEndpoint);
