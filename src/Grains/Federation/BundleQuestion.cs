using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>One fetch of a bundle.</summary>
/// <param name="Url">The configured endpoint: a redirect of an earlier fetch is not remembered.</param>
/// <param name="Profile">See <see cref="BundleEndpointProfile"/>.</param>
/// <param name="Endpoint">For <c>https_spiffe</c>: who has to answer.</param>
/// <param name="EndpointBundle">For <c>https_spiffe</c>: the bundle of that one's trust domain.</param>
/// <param name="WebRoots">For <c>https_web</c>: PEM; null for the system's.</param>
public sealed record BundleQuestion(Uri Url, string Profile, SpiffeId? Endpoint, SpiffeBundle? EndpointBundle, string? WebRoots);
