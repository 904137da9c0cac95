namespace MeshGrains.Grains;

/// <summary>A relationship with a foreign trust domain, as an operator or the configuration states it.</summary>
/// <param name="OperationId">Of the request.</param>
/// <param name="TrustDomain">The foreign one.</param>
/// <param name="Url">Its bundle endpoint.</param>
/// <param name="Profile">See <see cref="BundleEndpointProfile"/>.</param>
/// <param name="EndpointSpiffeId">For <c>https_spiffe</c> alone.</param>
/// <param name="Bundle">The bundle to begin with, SPIFFE's JWK Set; null for none.</param>
/// <param name="WebRoots">For <c>https_web</c>: CA certificates, PEM; null for those of the system.</param>
/// <param name="Configured">The configuration states it: one that stands is changed to it. Else one that stands is a conflict.</param>
[GenerateSerializer, Immutable, Alias("mg.PutFederation")]
public sealed record PutFederation(
    [property: Id(0)] string OperationId,
    [property: Id(1)] string TrustDomain,
    [property: Id(2)] string Url,
    [property: Id(3)] string Profile,
    [property: Id(4)] string? EndpointSpiffeId,
    [property: Id(5)] byte[]? Bundle,
    [property: Id(6)] string? WebRoots,
    [property: Id(7)] bool Configured);
