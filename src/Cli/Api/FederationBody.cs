namespace MeshGrains.Cli;

/// <summary>A relationship with a foreign trust domain, to be begun.</summary>
internal sealed record FederationBody(string TrustDomain, string Url, string Profile, string Reason, string? EndpointSpiffeId, string? Bundle, string? WebRoots);
