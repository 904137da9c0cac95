using System.Security.Cryptography;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>
/// Makes the bootstrap files of a single machine at its first start, and renews the silo's certificate at later ones. Where somebody else's
/// files lie (no <c>ca.key</c>), they are left alone.
/// </summary>
internal static class BootstrapFiles
{
    private const UnixFileMode Secret = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Public = Secret | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private static readonly TimeSpan AnchorTtl = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafTtl = TimeSpan.FromDays(365);

    public static void Prepare(string directory, string meshTrustDomain, string silo, ISerialSource serials, DateTimeOffset now)
    {
        Directory.CreateDirectory(directory, Secret | UnixFileMode.UserExecute);
        string At(string name) => Path.Combine(directory, name);
        if (!File.Exists(At("ca.pem")))
        {
            using var made = BootstrapAuthority.Create(meshTrustDomain, AnchorTtl, serials, now);
            Write(At("ca.key"), made.ExportKeyPem(), Secret);
            Write(At("ca.pem"), PemWriter.EncodeCertificate(made.CertificateDer), Public);
        }

        if (!File.Exists(At("ca.key")))
        {
            return;
        }

        using var authority = BootstrapAuthority.Load(meshTrustDomain, File.ReadAllText(At("ca.pem")), File.ReadAllText(At("ca.key")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var certificate = authority.Issue(
            BootstrapNames.AuthorityRole, silo, key.ExportSubjectPublicKeyInfo(), ["localhost"], LeafTtl, serials, now);
        Write(At("silo.key"), key.ExportPkcs8PrivateKeyPem(), Secret);
        Write(At("silo.pem"), PemWriter.EncodeCertificate(certificate), Public);
    }

    private static void Write(string path, string text, UnixFileMode mode) =>
        DataDirectory.WriteAtomically(path, Encoding.ASCII.GetBytes(text), mode);
}
