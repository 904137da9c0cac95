using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>What a silo's bootstrap certificate has to say.</summary>
internal sealed record BootstrapIdentity(string TrustDomain, string Silo, SiloRoles Roles)
{
    /// <summary>The role that a certificate of our own making gets.</summary>
    public string Role => Roles.Authority ? BootstrapNames.AuthorityRole : BootstrapNames.SiloRole;

    /// <summary>Refuses a certificate that would only fail later, at the first link or at the first request for an issuing CA.</summary>
    /// <exception cref="ConfigurationException">It is another silo's, or its role is not enough.</exception>
    public void Require(byte[] certificate, string directory)
    {
        var leaf = ParsedCertificate.Read(certificate);
        if (leaf.UriNames is not [var name] || !SpiffeId.TryParse(name, out var id, out _) || !BootstrapNames.TryRead(id, TrustDomain, out var role, out var silo))
        {
            throw Wrong(directory, $"names {string.Join(", ", leaf.UriNames)}, which is no silo of {TrustDomain}.");
        }

        if (silo != Silo)
        {
            throw Wrong(directory, $"is made for the silo '{silo}', not for '{Silo}' (key 'silo').");
        }

        if (Roles.Authority && role != BootstrapNames.AuthorityRole)
        {
            throw Wrong(directory, $"has the role '{role}', and this silo's roles hold authority. Leave authority out of 'roles', or give it the role.");
        }
    }

    private ConfigurationException Wrong(string directory, string why) =>
        new([$"The bootstrap certificate {Path.Combine(directory, "silo.pem")} {why} Make one that fits: meshctl bootstrap issue --ca DIR --silo {Silo} --role {Role} --out {directory}"]);
}
