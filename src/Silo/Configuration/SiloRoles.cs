namespace MeshGrains.Silo;

/// <summary>What a silo does, out of the key <c>roles</c>. Nothing named means both.</summary>
/// <param name="Authority">Holds the KMS permission and hosts the trust domain's authority grains.</param>
/// <param name="Issuer">Has an issuing CA and signs for workloads.</param>
internal sealed record SiloRoles(bool Authority, bool Issuer)
{
    public const string AuthorityName = "authority";
    public const string IssuerName = "issuer";

    public static SiloRoles Of(MeshConfiguration mesh) =>
        mesh.Roles.Count == 0 ? new(true, true) : new(mesh.Roles.Contains(AuthorityName), mesh.Roles.Contains(IssuerName));
}
