namespace MeshGrains.Identity;

/// <summary>How bootstrap certificates name silos.</summary>
public static class BootstrapNames
{
    public const string SiloRole = "silo";
    public const string AuthorityRole = "authority";

    /// <summary>A gateway in front of the silos: it may relay calls to them and is none of them.</summary>
    public const string GatewayRole = "gateway";

    /// <summary>A cluster of the trust domain, on links between its clusters: neither a silo nor a gateway.</summary>
    public const string ClusterRole = "cluster";

    /// <summary>The trust domain of bootstrap certificates: never one of the mesh's own.</summary>
    public static TrustDomain TrustDomainOf(string meshTrustDomain) => TrustDomain.Parse($"bootstrap.{meshTrustDomain}");

    public static SpiffeId IdOf(string meshTrustDomain, string role, string silo) =>
        SpiffeId.FromPath(TrustDomainOf(meshTrustDomain), $"/{role}/{silo}");

    /// <summary>Takes a bootstrap identity apart; false when it is no silo's.</summary>
    public static bool TryRead(SpiffeId id, string meshTrustDomain, out string role, out string silo) =>
        TrySplit(id, meshTrustDomain, out role, out silo) && role is SiloRole or AuthorityRole;

    /// <summary>Takes the identity of a relay link's end apart: a silo's, or a gateway's. False for any other.</summary>
    public static bool TryReadRelayPeer(SpiffeId id, string meshTrustDomain, out string role, out string name) =>
        TrySplit(id, meshTrustDomain, out role, out name) && role is SiloRole or AuthorityRole or GatewayRole;

    /// <summary>Takes the identity of a link between clusters apart; false for any other.</summary>
    public static bool TryReadCluster(SpiffeId id, string meshTrustDomain, out string cluster) =>
        TrySplit(id, meshTrustDomain, out var role, out cluster) && role == ClusterRole;

    private static bool TrySplit(SpiffeId id, string meshTrustDomain, out string role, out string name)
    {
        role = name = "";
        var parts = id.Path.Split('/');
        if (id.TrustDomain.Name != $"bootstrap.{meshTrustDomain}" || parts.Length != 3)
        {
            return false;
        }

        (role, name) = (parts[1], parts[2]);
        return true;
    }
}
