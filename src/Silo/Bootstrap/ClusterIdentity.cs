using MeshGrains.Gateway;
using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>This cluster's certificate for links between clusters: files as a silo's bootstrap identity has them, read again when they change.</summary>
internal sealed class ClusterIdentity : IClusterCredentials, IDisposable
{
    private readonly FileSiloBootstrap _files;

    private ClusterIdentity(FileSiloBootstrap files) => _files = files;

    public RelayIdentity Current => ((IRelayCredentials)_files).Current;

    /// <returns>Null where this process has no such link: no other cluster is configured, or it has not the role authority.</returns>
    /// <exception cref="ConfigurationException">The files cannot be used, or are another cluster's.</exception>
    public static ClusterIdentity? Open(MeshConfiguration mesh, TimeProvider time)
    {
        var (key, directory) = mesh.Home.IsElsewhere ? ("home.identity", mesh.Home.Identity) : ("authority.identity", mesh.Authority.Identity);
        return directory.Length == 0 || !SiloRoles.Of(mesh).Authority
            ? null
            : new ClusterIdentity(FileSiloBootstrap.Open(Path.GetFullPath(directory), mesh.TrustDomain, time, certificate => Require(certificate, mesh, key)));
    }

    public void LogTo(ILogger<FileSiloBootstrap> logger) => _files.LogTo(logger);

    public void Dispose() => _files.Dispose();

    private static void Require(byte[] certificate, MeshConfiguration mesh, string key)
    {
        var leaf = ParsedCertificate.Read(certificate);
        if (leaf.UriNames is not [var name] || !SpiffeId.TryParse(name, out var id, out _)
            || !BootstrapNames.TryReadCluster(id, mesh.TrustDomain, out var cluster) || cluster != mesh.Cluster)
        {
            throw new ConfigurationException(
                [$"{key}: the certificate names {string.Join(", ", leaf.UriNames)}, not the cluster '{mesh.Cluster}' of {mesh.TrustDomain}. "
                + $"Make one that fits: meshctl bootstrap issue --ca DIR --role cluster --silo {mesh.Cluster} --out DIR"]);
        }
    }
}
