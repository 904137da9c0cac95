namespace MeshGrains.Agent;

/// <summary>Section <c>sds</c>: the names of resources that are no SPIFFE IDs.</summary>
internal sealed class SdsOptions
{
    public string DefaultSvidName { get; set; } = "default";

    public string DefaultBundleName { get; set; } = "ROOTCA";

    public string AllBundlesName { get; set; } = "ALL";

    /// <summary>Send Envoy's SPIFFE validator; false sends plain roots, which cannot tell trust domains apart.</summary>
    public bool SpiffeValidator { get; set; } = true;

    /// <summary>Send the revocation lists with plain roots; Envoy then refuses every peer for one of whose CAs there is no list. The SPIFFE validator takes none.</summary>
    public bool Crl { get; set; }
}
