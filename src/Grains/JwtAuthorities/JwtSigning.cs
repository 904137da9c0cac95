using MeshGrains.Identity;

namespace MeshGrains.Grains;

/// <summary>What this silo signs JWT-SVIDs with: the opened key, and the latest <c>exp</c> that is recorded for it. Swapped whole.</summary>
internal sealed record JwtSigning(JwtSigner Signer, DateTimeOffset HighestExpiry);
