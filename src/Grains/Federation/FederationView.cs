using System.Collections.Immutable;

namespace MeshGrains.Grains;

/// <summary>A relationship as operators see it.</summary>
/// <param name="TrustDomain">The foreign one.</param>
/// <param name="Url">Its bundle endpoint.</param>
/// <param name="Profile">See <see cref="BundleEndpointProfile"/>.</param>
/// <param name="EndpointSpiffeId">For <c>https_spiffe</c>.</param>
/// <param name="Configured">The configuration owns it.</param>
/// <param name="CreatedAt">When it began.</param>
/// <param name="Number">Of what agents hold of it.</param>
/// <param name="Sequence">The peer's; null while it gives none.</param>
/// <param name="RefreshHintSeconds">The peer's; null while it gives none.</param>
/// <param name="Roots">X.509 authorities that are trusted now.</param>
/// <param name="JwtKeys">JWT authorities that are trusted.</param>
/// <param name="LeftOut">Keys that are not trusted, and why.</param>
/// <param name="ChangedAt">When what is trusted changed last; null while nothing is known.</param>
/// <param name="LastSuccessAt">The last good fetch.</param>
/// <param name="NextAt">When it is asked again.</param>
/// <param name="LastFailureAt">The last fetch that failed or was refused.</param>
/// <param name="FailureReason">A stable word, while the last fetch was not good.</param>
/// <param name="Failure">In words.</param>
/// <param name="Failures">Since the last success.</param>
[GenerateSerializer, Immutable, Alias("mg.FederationView")]
public sealed record FederationView(
    [property: Id(0)] string TrustDomain,
    [property: Id(1)] string Url,
    [property: Id(2)] string Profile,
    [property: Id(3)] string? EndpointSpiffeId,
    [property: Id(4)] bool Configured,
    [property: Id(5)] DateTimeOffset CreatedAt,
    [property: Id(6)] long Number,
    [property: Id(7)] ulong? Sequence,
    [property: Id(8)] int? RefreshHintSeconds,
    [property: Id(9)] ImmutableArray<FederatedRoot> Roots,
    [property: Id(10)] int JwtKeys,
    [property: Id(11)] ImmutableArray<string> LeftOut,
    [property: Id(12)] DateTimeOffset? ChangedAt,
    [property: Id(13)] DateTimeOffset? LastSuccessAt,
    [property: Id(14)] DateTimeOffset? NextAt,
    [property: Id(15)] DateTimeOffset? LastFailureAt,
    [property: Id(16)] string? FailureReason,
    [property: Id(17)] string? Failure,
    [property: Id(18)] int Failures);
