using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

public sealed class ParsedCertificateTests
{
    private static readonly Pki Chain = new(Keys.Rsa2048, uriNameConstraint: true);

    [Fact]
    public void Damaged_certificates_are_read_or_refused_and_never_throw()
    {
        var leaf = Chain.IssueLeaf(dnsNames: ["web"]);
        foreach (var der in (byte[][])[leaf, Chain.Issuer.Certificate.Der.ToArray(), Chain.Root.Der.ToArray()])
        {
            Mutations.Survive(der, bytes =>
            {
                if (!ParsedCertificate.TryRead(bytes, out var certificate, out var error))
                {
                    Assert.NotEmpty(error);
                    return;
                }

                _ = certificate.AuthorityId + certificate.SerialHex;
                certificate.IsSignedBy(Chain.Root.PublicKey);
            });
        }
    }

    [Fact]
    public void No_damaged_chain_is_ever_accepted()
    {
        var leaf = Chain.IssueLeaf();
        var issuing = Chain.Issuer.Certificate.Der.ToArray();
        Mutations.Survive(leaf, bytes => Assert.True(bytes.AsSpan().SequenceEqual(leaf) || !Chain.Validate(bytes, issuing).IsValid), 1500);
        Mutations.Survive(issuing, bytes => Assert.True(bytes.AsSpan().SequenceEqual(issuing) || !Chain.Validate(leaf, bytes).IsValid), 1500);
    }

    [Fact]
    public void A_certificate_of_DotNet_is_read()
    {
        var request = new CertificateRequest("CN=any, O=Some Org", Keys.P384, HashAlgorithmName.SHA384);
        using var made = request.CreateSelfSigned(Pki.Now.AddYears(-90), Pki.Now.AddYears(100));
        var read = ParsedCertificate.Read(made.RawData);
        Assert.Equal((1940, 2130), (read.NotBefore.Year, read.NotAfter.Year));
        Assert.False(read.HasBasicConstraints || read.IsCa || read.HasExtendedKeyUsage);
        Assert.Null(read.KeyUsage);
        Assert.Empty(read.UriNames);
        Assert.True(read.IsSelfIssued && read.IsSignedBy(read.PublicKey));
    }

    [Fact]
    public void The_same_extension_twice_is_refused()
    {
        // Two extensions of one OID, both allowed to be unknown.
        var der = Forge.Leaf(Forge.Ca("root").Make()) with
        {
            Extra = [new X509Extension("1.2.3.4", [5, 0], false), new X509Extension("1.2.3.5", [5, 0], false)],
        };
        var bytes = der.Make().Der;
        Assert.True(ParsedCertificate.TryRead(bytes, out _, out _));
        bytes[bytes.AsSpan().IndexOf<byte>([0x06, 0x03, 0x2A, 0x03, 0x05]) + 4] = 0x04;
        Assert.False(ParsedCertificate.TryRead(bytes, out _, out var error));
        Assert.Contains("twice", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_different_algorithms_are_refused()
    {
        var bytes = Chain.IssueLeaf();
        var inner = bytes.AsSpan().IndexOf(Oid.EcdsaSha256);
        bytes[inner + Oid.EcdsaSha256.Length - 1] = 0x03;
        Assert.False(ParsedCertificate.TryRead(bytes, out _, out var error));
        Assert.Contains("two different signature algorithms", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_certificate_is_bounded_and_stands_alone()
    {
        Assert.False(ParsedCertificate.TryRead(new byte[ParsedCertificate.MaxDerBytes + 1], out _, out var error));
        Assert.Contains("at most", error, StringComparison.Ordinal);
        Assert.False(ParsedCertificate.TryRead((byte[])[.. Chain.IssueLeaf(), 0], out _, out _));
        Assert.False(ParsedCertificate.TryRead(ReadOnlyMemory<byte>.Empty, out _, out _));
        Assert.Throws<FormatException>(() => ParsedCertificate.Read(new byte[2]));
    }
}
