using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>A company's PKI in memory: a root, and an intermediate that certifies.</summary>
internal sealed class FakeUpstream : IUpstreamCa
{
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public UpstreamMode Mode { get; set; }

    public string? Broken { get; set; }

    public bool SignFails { get; set; }

    public ParsedCertificate Root { get; private set; } = null!;

    public ParsedCertificate Intermediate { get; private set; } = null!;

    /// <summary>Made anew: the same keys, other certificates.</summary>
    public void Make(DateTimeOffset now)
    {
        Root = Ca("corporate root", _rootKey, null, null, now);
        Intermediate = Ca("corporate issuing", _key, Root, _rootKey, now);
    }

    public IReadOnlyList<ParsedCertificate> Chain() => Broken is { } why ? throw new UpstreamException(why) : [Intermediate, Root];

    public byte[] Sign(ReadOnlySpan<byte> tbs)
    {
        return SignFails ? throw new UpstreamException("upstream.keyFile: gone") : CaCertificateWriter.Assemble(
            tbs, SignatureAlgorithm.EcdsaSha256, _key.SignData(tbs, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
    }

    /// <summary>What the PKI makes of a request: the certificate of its key.</summary>
    public byte[] Certify(byte[] request, string trustDomain, DateTimeOffset now, int days = 365)
    {
        Assert.True(CertificateSigningRequest.TryRead(request, out var read, out var error), error);
        Assert.True(read.VerifyProofOfPossession());
        return Sign(CaCertificateWriter.BuildTbs(CaCertificateProfile.CertifiedRoot(
            TrustDomain.Parse(trustDomain), read.SubjectPublicKeyInfo, Intermediate, RandomSerialSource.Shared.Next(),
            new Validity(Validity.WholeSeconds(now.AddMinutes(-1)), Validity.WholeSeconds(now.AddDays(days))))));
    }

    private static ParsedCertificate Ca(string name, ECDsa key, ParsedCertificate? issuer, ECDsa? issuerKey, DateTimeOffset now)
    {
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var identifier = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(identifier);
        var subject = issuer is null ? request.SubjectName : new X500DistinguishedName(issuer.SubjectName.Span);
        using var made = request.Create(
            subject, X509SignatureGenerator.CreateForECDsa(issuerKey ?? key), now.AddHours(-1), now.AddYears(5), RandomNumberGenerator.GetBytes(12));
        return ParsedCertificate.Read(made.RawData);
    }
}
