using System.Security.Cryptography;
using MeshGrains.Grains;
using MeshGrains.Identity;

namespace MeshGrains.Silo;

/// <summary>An outside CA in files, read anew each time a root is certified, which is rare.</summary>
internal sealed class DiskUpstreamCa(string certificateFile, string keyFile) : IUpstreamCa
{
    private const int MaxFileChars = 256 * 1024;

    public UpstreamMode Mode => UpstreamMode.Disk;

    public IReadOnlyList<ParsedCertificate> Chain()
    {
        if (!PemBundle.TryRead(Read(certificateFile), out var certificates, out var error))
        {
            throw new UpstreamException($"upstream.certificateFile: {certificateFile}: {error}");
        }

        // The root may be left in a file that holds the chain in any order; the key says which is the CA itself.
        using var key = OpenKey();
        var spki = key.ExportSubjectPublicKeyInfo();
        var own = certificates.FirstOrDefault(certificate => certificate.SubjectPublicKeyInfo.Span.SequenceEqual(spki))
            ?? throw new UpstreamException($"upstream.keyFile: the key in {keyFile} belongs to no certificate of {certificateFile}. Name the key of the CA that shall sign.");
        return own.IsCa
            ? [own, .. certificates.Where(certificate => certificate != own)]
            : throw new UpstreamException($"upstream.certificateFile: the certificate of the key in {keyFile} is not one of a CA. Name the CA's own certificate and key.");
    }

    public byte[] Sign(ReadOnlySpan<byte> tbs)
    {
        using var key = OpenKey();
        var algorithm = PublicKeyInfo.TryRead(key.ExportSubjectPublicKeyInfo(), out var info, out var error)
            ? SignatureAlgorithms.ForIssuer(info.Kind)
            : throw new UpstreamException($"upstream.keyFile: {error}");
        var digest = CaCertificateWriter.Digest(tbs, algorithm);
        var signature = key switch
        {
            ECDsa ecdsa => ecdsa.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence),
            RSA rsa => rsa.SignHash(digest, algorithm.HashName(), RSASignaturePadding.Pkcs1),
            _ => throw new UpstreamException($"upstream.keyFile: {keyFile} holds a key that signs no certificates here."),
        };
        return CaCertificateWriter.Assemble(tbs, algorithm, signature);
    }

    private AsymmetricAlgorithm OpenKey()
    {
        var pem = Read(keyFile);
        AsymmetricAlgorithm? key = null;
        foreach (var make in new Func<AsymmetricAlgorithm>[] { ECDsa.Create, RSA.Create })
        {
            var tried = make();
            try
            {
                tried.ImportFromPem(pem);
                key = tried;
                break;
            }
            catch (Exception failure) when (failure is ArgumentException or CryptographicException)
            {
                // Of the other kind, or none at all; its text could tell of the key.
                tried.Dispose();
            }
        }

        return key ?? throw new UpstreamException(
            $"upstream.keyFile: {keyFile} holds no EC (P-256, P-384, P-521) or RSA private key in PEM that is not encrypted.");
    }

    private static string Read(string file)
    {
        try
        {
            var info = new FileInfo(file);
            return info.Length <= MaxFileChars ? File.ReadAllText(file) : throw new UpstreamException($"upstream: {file} has more than {MaxFileChars} bytes; is it the right file?");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UpstreamException($"upstream: {file} cannot be read: {failure.Message}");
        }
    }
}
