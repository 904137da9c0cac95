namespace MeshGrains.Gateway.Federation;

/// <summary>Begins a relationship with a foreign trust domain.</summary>
/// <param name="TrustDomain">The foreign one.</param>
/// <param name="Url">Its bundle endpoint, https.</param>
/// <param name="Profile"><c>https_web</c> or <c>https_spiffe</c>.</param>
/// <param name="Reason">Why; recorded.</param>
/// <param name="EndpointSpiffeId">For <c>https_spiffe</c>.</param>
/// <param name="Bundle">The bundle to begin with: SPIFFE's JWK Set as text.</param>
/// <param name="WebRoots">For <c>https_web</c>: CAs, PEM; none: the system's.</param>
internal sealed record FederationBody(
    string TrustDomain, string Url, string Profile, string Reason, string? EndpointSpiffeId = null, string? Bundle = null, string? WebRoots = null);
