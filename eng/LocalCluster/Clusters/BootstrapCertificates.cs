using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.LocalCluster;

/// <summary>The bootstrap CA of a cluster and a certificate for each of its processes, made by <c>meshctl bootstrap</c>.</summary>
internal sealed class BootstrapCertificates(ClusterFolder folder, string trustDomain)
{
    private const string SiloRole = "silo";
    private static readonly TimeSpan LeastLeft = TimeSpan.FromDays(30);

    /// <summary>Makes the CA where there is none.</summary>
    public async Task EnsureAuthorityAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(folder.BootstrapCa, "ca.pem")))
        {
            await MeshctlAsync(["bootstrap", "init", "--trust-domain", trustDomain, "--out", folder.BootstrapCa], cancellationToken);
        }
    }

    /// <summary>Makes a process's certificate where there is none, or where it ends within a month.</summary>
    /// <param name="member">A silo's name, or the gateway's.</param>
    /// <param name="roles">What it does; empty for the gateway.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task EnsureAsync(string member, IReadOnlyList<string> roles, CancellationToken cancellationToken)
    {
        var directory = Path.Combine(folder.Data(member), "bootstrap");
        var certificate = Path.Combine(directory, "silo.pem");
        if (File.Exists(certificate))
        {
            using var standing = X509CertificateLoader.LoadCertificateFromFile(certificate);
            if (standing.NotAfter.ToUniversalTime() > DateTime.UtcNow + LeastLeft)
            {
                return;
            }

            File.Delete(certificate);
            File.Delete(Path.Combine(directory, "silo.key"));
        }

        var role = roles.Count == 0 ? ClusterNames.Gateway : roles.Contains(ClusterNames.Authority) ? ClusterNames.Authority : SiloRole;
        ClusterFolder.Private(folder.Data(member));
        await MeshctlAsync(["bootstrap", "issue", "--ca", folder.BootstrapCa, "--silo", member, "--role", role, "--out", directory], cancellationToken);
    }

    private static Task<string> MeshctlAsync(IEnumerable<string> arguments, CancellationToken cancellationToken)
        => ChildProcess.ReadAsync(MeshTree.Program("Cli", "meshctl"), arguments, cancellationToken);
}
