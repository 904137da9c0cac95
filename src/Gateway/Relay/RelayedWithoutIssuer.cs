namespace MeshGrains.Gateway.Relay;

/// <summary>Endpoint metadata: an issuance call, which a silo without an issuing CA hands to one that has one.</summary>
internal sealed class RelayedWithoutIssuer
{
    public static RelayedWithoutIssuer Instance { get; } = new();
}
