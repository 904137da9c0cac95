using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

public sealed class X509SvidWriterTests
{
    private readonly Pki _pki = new();

    [Theory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.Rsa)]
    public void A_leaf_reads_back_as_the_profile_says(KeyKind kind)
    {
        var spki = Keys.Of(kind).ExportSubjectPublicKeyInfo();
        var request = _pki.Request(spki, dnsNames: ["web", "web.default.svc"]) with { IpAddresses = [IPAddress.Loopback] };
        var leaf = ParsedCertificate.Read(X509SvidWriter.Issue(_pki.Issuer, request));

        Assert.Equal(["spiffe://example.org/ns/default/sa/web"], leaf.UriNames);
        Assert.Equal(["web", "web.default.svc"], leaf.DnsNames);
        Assert.Equal([IPAddress.Loopback], leaf.IpAddresses);
        Assert.True(leaf.HasEmptySubject && leaf.SubjectAlternativeNameIsCritical);
        Assert.True(leaf.HasBasicConstraints && !leaf.IsCa);
        Assert.Null(leaf.PathLength);
        var usage = kind == KeyKind.Rsa ? KeyUsages.DigitalSignature | KeyUsages.KeyEncipherment : KeyUsages.DigitalSignature;
        Assert.Equal(usage, leaf.KeyUsage);
        Assert.True(leaf.KeyUsageIsCritical);
        Assert.True(leaf.HasExtendedKeyUsage && leaf.AllowsServerAuth && leaf.AllowsClientAuth);
        Assert.Equal(spki, leaf.SubjectPublicKeyInfo);
        Assert.Equal(kind, leaf.KeyKind);
        Assert.Equal(_pki.Issuer.Certificate.SubjectName, leaf.IssuerName);
        Assert.Equal(_pki.Issuer.Certificate.SubjectKeyIdentifier, leaf.AuthorityKeyIdentifier);
        Assert.Equal(SHA256.HashData(leaf.PublicKey.KeyBits.Span).AsMemory(0, 20), leaf.SubjectKeyIdentifier);
        Assert.Equal(request.Serial.ToString(), leaf.SerialHex);
        Assert.Equal((request.NotBefore, request.NotAfter), (leaf.NotBefore, leaf.NotAfter));
        Assert.Empty(leaf.UnknownCriticalExtensions);
        Assert.True(leaf.IsSignedBy(_pki.Issuer.Certificate.PublicKey));
    }

    [Fact]
    public void DotNet_reads_a_leaf_the_same_way()
    {
        var der = _pki.IssueLeaf(dnsNames: ["web"]);
        using var theirs = X509CertificateLoader.LoadCertificate(der);
        var ours = ParsedCertificate.Read(der);
        Assert.Equal(theirs.GetSerialNumberString().TrimStart('0'), ours.SerialHex.ToUpperInvariant().TrimStart('0'));
        Assert.Equal(theirs.NotAfter.ToUniversalTime(), ours.NotAfter.UtcDateTime);
        Assert.Equal(theirs.NotBefore.ToUniversalTime(), ours.NotBefore.UtcDateTime);
        Assert.Equal(theirs.IssuerName.RawData, ours.IssuerName);
        Assert.Equal(theirs.SubjectName.RawData, ours.SubjectName);
        Assert.Equal(theirs.PublicKey.ExportSubjectPublicKeyInfo(), ours.SubjectPublicKeyInfo);
        Assert.Equal(["web"], theirs.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single().EnumerateDnsNames());
    }

    [Fact]
    public void Many_names_and_the_longest_id_fit()
    {
        var names = Enumerable.Range(0, X509SvidWriter.MaxNames).Select(i => $"{i}." + string.Join('.', Enumerable.Repeat(new string('a', 60), 4))).ToArray();
        var path = "/" + new string('p', SpiffeId.MaxLength - "spiffe://example.org/".Length);
        var addresses = Enumerable.Range(0, X509SvidWriter.MaxNames).Select(i => new IPAddress([.. new byte[15], (byte)i])).ToArray();
        var leaf = X509SvidWriter.Issue(_pki.Issuer, _pki.Request(Keys.Rsa2048.ExportSubjectPublicKeyInfo(), path, names) with { IpAddresses = addresses });
        var read = ParsedCertificate.TryRead(leaf, out var parsed, out var error);
        Assert.True(read, error);
        Assert.Equal(names, parsed!.DnsNames);
        Assert.Equal(addresses, parsed.IpAddresses);
    }

    [Fact]
    public void Every_length_of_path_gives_a_good_certificate()
    {
        // Crosses the borders where DER lengths grow by a byte.
        for (var length = 1; length < 400; length += 3)
        {
            var leaf = _pki.IssueLeaf(path: "/" + new string('a', length));
            Assert.True(_pki.Validate(leaf, _pki.Issuer.Certificate.Der).IsValid);
        }
    }

    [Fact]
    public void An_id_of_another_trust_domain_is_refused()
        => Refused(_pki.Request() with { Id = SpiffeId.Parse("spiffe://other.org/a") }, "other.org");

    [Fact]
    public void An_id_without_a_path_is_refused() => Refused(_pki.Request(path: ""), "no path");

    [Fact]
    public void A_serial_of_zero_is_refused() => Refused(_pki.Request() with { Serial = default }, "zero");

    [Fact]
    public void A_leaf_that_outlives_its_issuer_is_refused()
        => Refused(_pki.Request() with { NotAfter = _pki.Issuer.NotAfter.AddSeconds(1) }, "ends after");

    [Fact]
    public void An_empty_validity_is_refused() => Refused(_pki.Request() with { NotBefore = Pki.Now, NotAfter = Pki.Now }, "empty");

    [Theory]
    [InlineData("")]
    [InlineData("*.example.org")]
    [InlineData("a..b")]
    [InlineData("a b")]
    public void A_DNS_name_that_is_none_is_refused(string name) => Refused(_pki.Request(dnsNames: [name]), "DNS");

    [Fact]
    public void A_public_key_that_is_none_is_refused() => Refused(_pki.Request(new byte[] { 0x30, 0x00 }), "SubjectPublicKeyInfo");

    [Fact]
    public void Too_many_names_are_refused() => Refused(_pki.Request(dnsNames: [.. Enumerable.Repeat("a", X509SvidWriter.MaxNames + 1)]), "At most");

    [Fact]
    public void Issuing_allocates_little()
    {
        var csrDer = Keys.Csr(Keys.P256);
        void IssueOnce()
        {
            Assert.True(CertificateSigningRequest.TryRead(csrDer, out var csr, out _) && csr.VerifyProofOfPossession());
            X509SvidWriter.Issue(_pki.Issuer, _pki.Request(csr.SubjectPublicKeyInfo));
        }

        IssueOnce();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 20; i++)
        {
            IssueOnce();
        }

        // About 700 with libcrypto, half of it the certificate itself; here the ID is made anew as well.
        Assert.True(!P256Verifier.IsNative || (GC.GetAllocatedBytesForCurrentThread() - before) / 20 < 1400);
    }

    private void Refused(X509SvidRequest request, string reason)
        => Assert.Contains(reason, Assert.Throws<ArgumentException>(() => X509SvidWriter.Issue(_pki.Issuer, request)).Message, StringComparison.Ordinal);
}
