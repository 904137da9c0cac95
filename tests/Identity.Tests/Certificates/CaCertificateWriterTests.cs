using System.Security.Cryptography;

namespace MeshGrains.Identity.Tests;

public sealed class CaCertificateWriterTests
{
    private static readonly TrustDomain Domain = TrustDomain.Parse("example.org");

    [Theory]
    [InlineData(KeyKind.P256, SignatureAlgorithm.EcdsaSha256, false)]
    [InlineData(KeyKind.P384, SignatureAlgorithm.EcdsaSha384, false)]
    [InlineData(KeyKind.Rsa, SignatureAlgorithm.RsaPkcs1Sha256, true)]
    public void Root_and_issuing_CA_read_back_as_the_profile_says(KeyKind kind, SignatureAlgorithm algorithm, bool constrained)
    {
        var pki = new Pki(Keys.Of(kind), constrained);
        var (root, issuing) = (pki.Root, pki.Issuer.Certificate);
        Assert.True(root.IsSelfIssued && root.IsSignedBy(root.PublicKey));
        Assert.True(issuing.IsSignedBy(root.PublicKey) && !issuing.IsSelfIssued);
        Assert.Equal((1, 0), (root.PathLength!.Value, issuing.PathLength!.Value));
        Assert.Equal(root.SubjectKeyIdentifier, issuing.AuthorityKeyIdentifier);
        Assert.Equal(root.SubjectKeyIdentifier, root.AuthorityKeyIdentifier);
        Assert.NotEqual(root.SubjectName.ToArray(), issuing.SubjectName.ToArray());
        foreach (var ca in (ParsedCertificate[])[root, issuing])
        {
            Assert.Equal(algorithm, ca.SignatureAlgorithm);
            Assert.Equal(["spiffe://example.org"], ca.UriNames);
            Assert.Equal(KeyUsages.KeyCertSign | KeyUsages.CrlSign, ca.KeyUsage);
            Assert.True(ca.KeyUsageIsCritical && ca.IsCa && !ca.HasExtendedKeyUsage);
            Assert.Equal(constrained ? ["example.org"] : null, ca.NameConstraints?.PermittedUris);
            Assert.Equal(KeyIdentifier.AuthorityId(ca.PublicKey), ca.AuthorityId);
            Assert.Contains(ca.AuthorityId, System.Text.Encoding.UTF8.GetString(ca.SubjectName.Span), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_issuing_CA_is_clipped_to_its_root()
    {
        var root = new Pki().Root;
        var profile = CaCertificateProfile.IssuingCa(
            Domain, Keys.P256.ExportSubjectPublicKeyInfo(), root, new SerialNumber(7), new Validity(Pki.Now, root.NotAfter.AddDays(1)));
        Assert.Equal(root.NotAfter, profile.NotAfter);
    }

    [Fact]
    public void A_root_past_2049_has_a_generalized_time()
    {
        var root = new Pki(now: new DateTimeOffset(2045, 6, 1, 0, 0, 0, TimeSpan.Zero)).Root;
        Assert.Equal(2055, root.NotAfter.Year);
        Assert.Equal(2045, root.NotBefore.Year);
    }

    [Fact]
    public void A_long_trust_domain_stays_out_of_the_organization()
    {
        var pki = new Pki(trustDomain: new string('a', TrustDomain.MaxLength));
        Assert.True(pki.Validate(pki.IssueLeaf(), pki.Issuer.Certificate.Der).IsValid);
        Assert.DoesNotContain("aaa", System.Text.Encoding.UTF8.GetString(pki.Root.SubjectName.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_cannot_sign_certificates_is_refused()
        => Assert.Throws<ArgumentException>(() => CaCertificateProfile.Root(Domain, new byte[] { 1, 2, 3 }, new SerialNumber(1), new Validity(Pki.Now, Pki.Now.AddDays(1))));

    [Fact]
    public void An_empty_validity_is_refused()
        => Assert.Throws<ArgumentException>(() => CaCertificateWriter.BuildTbs(
            CaCertificateProfile.Root(Domain, Keys.P256.ExportSubjectPublicKeyInfo(), new SerialNumber(1), new Validity(Pki.Now, Pki.Now))));

    [Fact]
    public void An_issuer_wants_a_certificate_for_its_own_key_and_of_a_signing_CA()
    {
        var pki = new Pki();
        using var other = IssuerKey.Create();
        Assert.Contains("another key", Assert.Throws<ArgumentException>(() => Issuer.Create(other, pki.Issuer.Certificate.Der)).Message, StringComparison.Ordinal);
        var leaf = pki.IssueLeaf(pki.IssuerKey.SubjectPublicKeyInfo);
        Assert.Contains("keyCertSign", Assert.Throws<ArgumentException>(() => Issuer.Create(pki.IssuerKey, leaf)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<ArgumentException>(() => Issuer.Create(pki.IssuerKey, new byte[3])).Message, StringComparison.Ordinal);
    }
}
