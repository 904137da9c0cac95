using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>Roots of foreign trust domains, made by .NET.</summary>
internal static class ForeignRoot
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static byte[] Make(string? uri, TimeSpan? begins = null, TimeSpan? ends = null, bool isCa = true, DateTimeOffset? now = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=root", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isCa ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (uri is not null)
        {
            // By hand: Uri would put a slash behind a bare trust domain.
            var names = new AsnWriter(AsnEncodingRules.DER);
            using (names.PushSequence())
            {
                names.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, 6));
            }

            request.CertificateExtensions.Add(new X509Extension("2.5.29.17", names.Encode(), false));
        }

        var at = now ?? Now;
        using var certificate = request.CreateSelfSigned(at + (begins ?? TimeSpan.FromHours(-1)), at + (ends ?? TimeSpan.FromDays(365)));
        return certificate.RawData;
    }

    public static byte[] Bundle(string trustDomain, ulong? sequence, params byte[][] roots) => new SpiffeBundle(TrustDomain.Parse(trustDomain))
        .WithX509Authorities(roots.Select(root => (ReadOnlyMemory<byte>)root)).WithSequence(sequence).WithRefreshHint(TimeSpan.FromMinutes(5)).WriteJwks();
}
