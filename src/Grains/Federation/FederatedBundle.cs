using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What is trusted of a foreign trust domain, and its number.</summary>
public sealed record FederatedBundle(SpiffeBundle Bundle, long Number);
