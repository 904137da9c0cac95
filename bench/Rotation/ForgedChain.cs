using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using MeshGrains.Identity;

namespace MeshGrains.Bench;

/// <summary>
/// A certificate by a trust domain's own root that names whomever its maker likes: what somebody could make who has that root's key. The key comes out of
/// the vault emulator's file, where it lies in clear.
/// </summary>
internal sealed class ForgedChain : IDisposable
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;

    private ForgedChain(X509Certificate2 authority) => _authority = authority;

    /// <summary>An issuing CA under the root, for keys of our own.</summary>
    /// <exception cref="InvalidDataException">The vault has no key of this root.</exception>
    public static ForgedChain Under(ParsedCertificate root, string vaultFile)
    {
        using var vault = JsonDocument.Parse(File.ReadAllBytes(vaultFile));
        foreach (var stored in vault.RootElement.GetProperty("Keys").EnumerateArray().Where(key => key.GetProperty("KeyType").GetString() is "EC" or "EC-HSM"))
        {
            using var rootKey = ECDsa.Create();
            rootKey.ImportPkcs8PrivateKey(stored.GetProperty("PrivateKey").GetBytesFromBase64(), out _);
            if (!rootKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(root.SubjectPublicKeyInfo.Span))
            {
                continue;
            }

            using var bare = X509CertificateLoader.LoadCertificate(root.Der.Span);
            using var issuer = bare.CopyWithPrivateKey(rootKey);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest("CN=forged", key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(bare, true, false));
            var now = TimeProvider.System.GetUtcNow();
            using var made = request.Create(issuer, now.AddSeconds(-1), now + Life, RandomNumberGenerator.GetBytes(12));
            return new ForgedChain(made.CopyWithPrivateKey(key));
        }

        throw new InvalidDataException($"The vault emulator has no key of root {root.AuthorityId}.");
    }

    /// <summary>A workload that shows a certificate with this SPIFFE ID, and believes what <paramref name="client"/> does.</summary>
    public ClientIdentity Naming(SpiffeId id, ClientIdentity client)
    {
        var leaf = Leaf(id);
        return client with { Serial = leaf.SerialNumber, Certificate = SslStreamCertificateContext.Create(leaf, [_authority], offline: true) };
    }

    /// <summary>The leaf and what stands between it and the root, DER.</summary>
    public (ReadOnlyMemory<byte> Leaf, IReadOnlyList<ReadOnlyMemory<byte>> Others) Chain(SpiffeId id)
    {
        using var leaf = Leaf(id);
        return (leaf.RawData, [_authority.RawData]);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }

    private X509Certificate2 Leaf(SpiffeId id)
    {
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(id.ToString()));
        request.CertificateExtensions.Add(names.Build(critical: true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.Create(_authority, now.AddSeconds(-1), now + (Life / 2), RandomNumberGenerator.GetBytes(12));
        return made.CopyWithPrivateKey(_key);
    }
}
