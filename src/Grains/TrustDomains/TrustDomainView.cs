using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>
/// A trust domain as the rest of the silo sees it. <paramref name="BundleNumber"/> grows with every change of the bundle;
/// <paramref name="RetireGatesShutUntil"/> is set by a declared restore: nothing is retired before. Issuing CAs certified with a bundle below
/// <paramref name="IssuersFrom"/> are to be replaced at once; gateways' own certificates chain to <paramref name="ServingRootAuthorityId"/>.
/// </summary>
[GenerateSerializer, Immutable, Alias("mg.TrustDomainView")]
public sealed record TrustDomainView(
    [property: Id(0)] string Name,
    [property: Id(1)] long BundleNumber,
    [property: Id(2)] int RefreshHintSeconds,
    [property: Id(3)] ImmutableArray<AuthorityView> Authorities,
    [property: Id(4)] DateTimeOffset? RetireGatesShutUntil = null,
    [property: Id(5)] ImmutableArray<JwtAuthorityView>? JwtAuthorities = null,
    [property: Id(6)] RotationView? Rotation = null,
    [property: Id(7)] long IssuersFrom = 0,
    [property: Id(8)] string? ServingRootAuthorityId = null);
