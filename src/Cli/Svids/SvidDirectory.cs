using MeshGrains.Identity;

namespace MeshGrains.Cli;

/// <summary>
/// A directory with one SVID: <c>svid.pem</c> (leaf, then its chain), <c>svid.key</c> (PKCS #8, 0600) and <c>bundle.pem</c> (roots).
/// </summary>
internal sealed record SvidDirectory(string Path)
{
    public string Certificate => System.IO.Path.Combine(Path, "svid.pem");

    public string Key => System.IO.Path.Combine(Path, "svid.key");

    public string Bundle => System.IO.Path.Combine(Path, "bundle.pem");

    public HeldSvid Load() => HeldSvid.Load(Certificate, Key);

    /// <summary>Refuses to put one identity in another's place.</summary>
    /// <exception cref="CliException">Another identity's SVID lies here.</exception>
    public void CheckIsFor(string spiffeId)
    {
        if (File.Exists(Certificate)
            && PemBundle.TryRead(TextFile.Read(Certificate, "the SVID that lies there"), out var held, out _)
            && held[0].UriNames is [var name] && name != spiffeId)
        {
            throw CliException.Failed($"{Certificate} is the SVID of {name} and is not replaced by one of {spiffeId}. Give another --out.");
        }
    }

    /// <summary>
    /// Writes all three. The certificate goes last: who waits for it finds key and roots in place.
    /// </summary>
    public void Write(SvidView svid, WorkloadKey key)
        => new FileSet()
            .Add(Bundle, svid.Bundle, FileSet.Public)
            .Add(Key, key.ExportPem(), FileSet.Secret)
            .Add(Certificate, svid.Certificate + svid.Chain, FileSet.Public)
            .Write(overwrite: true);
}
