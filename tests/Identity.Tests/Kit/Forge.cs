using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

/// <summary>
/// Makes certificates that the writers under test would never make, with .NET's own classes. Each default is what a good leaf or CA has;
/// a test changes the one thing that it is about.
/// </summary>
internal sealed record Forge
{
    public static Forge Leaf(Forged issuer) => new() { Issuer = issuer, Uris = ["spiffe://example.org/ns/a/sa/b"] };

    public static Forge Ca(string name, Forged? issuer = null) => new()
    {
        Issuer = issuer,
        Subject = $"CN={name}",
        Uris = ["spiffe://example.org"],
        IsCa = true,
        NamesCritical = false,
        Usage = X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign,
        Purposes = null,
    };

    public static readonly string ServerAuth = "1.3.6.1.5.5.7.3.1";
    public static readonly string ClientAuth = "1.3.6.1.5.5.7.3.2";

    public Forged? Issuer { get; init; }

    public string Subject { get; init; } = "";

    public string[] Uris { get; init; } = [];

    public string[] DnsNames { get; init; } = [];

    public bool NamesCritical { get; init; } = true;

    public bool IsCa { get; init; }

    public int? PathLength { get; init; }

    public bool HasBasicConstraints { get; init; } = true;

    public X509KeyUsageFlags? Usage { get; init; } = X509KeyUsageFlags.DigitalSignature;

    public bool UsageCritical { get; init; } = true;

    public string[]? Purposes { get; init; } = [ServerAuth, ClientAuth];

    public DateTimeOffset NotBefore { get; init; } = Pki.Now.AddMinutes(-10);

    public DateTimeOffset NotAfter { get; init; } = Pki.Now.AddHours(1);

    public ECDsa Key { get; init; } = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>Signs in the place of the issuer's key.</summary>
    public ECDsa? SigningKey { get; init; }

    public bool KeyIdentifiers { get; init; } = true;

    public X509Extension[] Extra { get; init; } = [];

    public Forged Make()
    {
        var request = new CertificateRequest(new X500DistinguishedName(Subject), Key, HashAlgorithmName.SHA256);
        AddExtensions(request);
        var issuerName = new X500DistinguishedName(Issuer?.Spec.Subject ?? Subject);
        var generator = X509SignatureGenerator.CreateForECDsa(SigningKey ?? Issuer?.Spec.Key ?? Key);
        using var certificate = request.Create(issuerName, generator, NotBefore, NotAfter, RandomNumberGenerator.GetBytes(12));
        return new Forged(this, certificate.RawData);
    }

    /// <summary>A critical or plain name constraints extension of permitted URI hosts.</summary>
    public static X509Extension PermittedUris(params string[] hosts) => Constraints(0, TagOfUri, hosts);

    public static X509Extension ExcludedUris(params string[] hosts) => Constraints(1, TagOfUri, hosts);

    public static X509Extension PermittedDnsNames(params string[] hosts) => Constraints(0, TagOfDns, hosts);

    private const int TagOfDns = 2;
    private const int TagOfUri = 6;

    private static X509Extension Constraints(int list, int kind, string[] hosts)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, list)))
        {
            foreach (var host in hosts)
            {
                using (writer.PushSequence())
                {
                    writer.WriteCharacterString(UniversalTagNumber.IA5String, host, new Asn1Tag(TagClass.ContextSpecific, kind));
                }
            }
        }

        return new X509Extension("2.5.29.30", writer.Encode(), critical: true);
    }

    private void AddExtensions(CertificateRequest request)
    {
        if (HasBasicConstraints)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(IsCa, PathLength is not null, PathLength ?? 0, critical: true));
        }

        if (Usage is { } usage)
        {
            request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, UsageCritical));
        }

        if (Purposes is not null)
        {
            var purposes = new OidCollection();
            Array.ForEach(Purposes, purpose => purposes.Add(new System.Security.Cryptography.Oid(purpose)));
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, critical: false));
        }

        if (Uris.Length + DnsNames.Length > 0)
        {
            request.CertificateExtensions.Add(new X509Extension("2.5.29.17", Names(), NamesCritical));
        }

        if (KeyIdentifiers)
        {
            var own = new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false);
            request.CertificateExtensions.Add(own);
            var issuerKey = new PublicKey(Issuer?.Spec.Key ?? Key);
            var issuer = new X509SubjectKeyIdentifierExtension(issuerKey, critical: false);
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(issuer));
        }

        Array.ForEach(Extra, request.CertificateExtensions.Add);
    }

    private byte[] Names()
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            Array.ForEach(Uris, uri => writer.WriteCharacterString(UniversalTagNumber.IA5String, uri, new Asn1Tag(TagClass.ContextSpecific, TagOfUri)));
            Array.ForEach(DnsNames, name => writer.WriteCharacterString(UniversalTagNumber.IA5String, name, new Asn1Tag(TagClass.ContextSpecific, TagOfDns)));
        }

        return writer.Encode();
    }
}

/// <summary>A forged certificate and how it was made.</summary>
internal sealed record Forged(Forge Spec, byte[] Der)
{
    public static implicit operator ReadOnlyMemory<byte>(Forged forged) => forged.Der;
}
