namespace MeshGrains.Grains;

/// <summary>
/// The shard was sealed by somebody who took its writer for gone, or another writer appended to it: nothing more is ever written to it, so its
/// issuing CA is of no use any more and its silo has to ask for another.
/// </summary>
public sealed class IssuanceShardSealedException(string issuerAuthorityId, string message) : Exception($"{issuerAuthorityId}: {message}")
{
    public string IssuerAuthorityId { get; } = issuerAuthorityId;
}
