using System.Security.Cryptography;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>
/// Makes the bootstrap files of a silo by itself at its first start, and its certificate at each start and at half life. Where somebody else's
/// files lie (no <c>ca.key</c>), they are left alone; silos of a cluster never make a CA, for each would trust only itself.
/// </summary>
internal static class BootstrapFiles
{
    private const string AnchorFile = "ca.pem";
    private const string AnchorKeyFile = "ca.key";
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly TimeSpan AnchorTtl = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafTtl = TimeSpan.FromDays(365);

    /// <exception cref="ConfigurationException">A silo of a cluster has no bootstrap files.</exception>
    public static void Prepare(string directory, BootstrapIdentity identity, bool clustered, ISerialSource serials, DateTimeOffset now)
    {
        Directory.CreateDirectory(directory, Secret | UnixFileMode.UserExecute);
        if (!File.Exists(Path.Combine(directory, AnchorFile)))
        {
            if (clustered)
            {
                throw new ConfigurationException(
                    [$"clustering.redis is set, and {directory} holds no bootstrap files. All silos of a cluster need certificates of one bootstrap CA: "
                    + $"make it once with 'meshctl bootstrap init --out DIR', then 'meshctl bootstrap issue --ca DIR --silo {identity.Silo} --role {identity.Role} --out {directory}'."]);
            }

            using var made = BootstrapAuthority.Create(identity.TrustDomain, AnchorTtl, serials, now);
            Write(Path.Combine(directory, AnchorKeyFile), made.ExportKeyPem(), Secret);
            Write(Path.Combine(directory, AnchorFile), PemWriter.EncodeCertificate(made.CertificateDer), Public);
        }

        if (IsOurs(directory))
        {
            Renew(directory, identity, serials, now);
        }
    }

    /// <summary>Whether the bootstrap CA's key lies here, so that this silo makes its own certificates.</summary>
    public static bool IsOurs(string directory) => File.Exists(Path.Combine(directory, AnchorKeyFile));

    /// <summary>A new key and certificate; readers of the files see the old pair or the new one, and take the new one once it fits.</summary>
    public static void Renew(string directory, BootstrapIdentity identity, ISerialSource serials, DateTimeOffset now)
    {
        using var authority = BootstrapAuthority.Load(
            identity.TrustDomain, File.ReadAllText(Path.Combine(directory, AnchorFile)), File.ReadAllText(Path.Combine(directory, AnchorKeyFile)));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = authority.Issue(identity.Role, identity.Silo, key.ExportSubjectPublicKeyInfo(), ["localhost"], LeafTtl, serials, now);
        Write(Path.Combine(directory, "silo.key"), key.ExportPkcs8PrivateKeyPem(), Secret);
        Write(Path.Combine(directory, "silo.pem"), PemWriter.EncodeCertificate(certificate), Public);
    }

    private static void Write(string path, string text, UnixFileMode mode) =>
        DataDirectory.WriteAtomically(path, Encoding.ASCII.GetBytes(text), mode);
}
