using MeshGrains.Testing;

namespace MeshGrains.Identity.Tests;

/// <summary>Requests of OpenSSL and GnuTLS are read, and OpenSSL reads ours.</summary>
public sealed class ForeignRequestsTests
{
    [SkippableTheory]
    [InlineData(KeyKind.P256, "ec", "ec_paramgen_curve:P-256")]
    [InlineData(KeyKind.P384, "ec", "ec_paramgen_curve:P-384")]
    [InlineData(KeyKind.Rsa, "rsa", "rsa_keygen_bits:2048")]
    [InlineData(KeyKind.Rsa, "rsa", "rsa_keygen_bits:3072")]
    public void A_request_of_openssl_is_read_and_its_wishes_are_ignored(KeyKind kind, string algorithm, string parameters)
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        Tool.Run(openssl, [
            "req", "-new", "-newkey", algorithm, "-pkeyopt", parameters, "-nodes", "-keyout", folder.File("key.pem"), "-out", folder.File("csr.pem"),
            "-subj", "/CN=spiffe:\\/\\/evil.org\\/admin/O=wish", "-addext", "subjectAltName=URI:spiffe://evil.org/admin,DNS:evil.org",
            "-addext", "basicConstraints=critical,CA:TRUE"]).EnsureSuccess();
        var csr = Read(File.ReadAllText(folder.File("csr.pem")));
        Assert.Equal(kind, csr.KeyKind);
        Assert.True(csr.VerifyProofOfPossession());

        var pki = new Pki();
        var leaf = ParsedCertificate.Read(pki.IssueLeaf(csr.SubjectPublicKeyInfo));
        Assert.Equal(["spiffe://example.org/ns/default/sa/web"], leaf.UriNames);
        Assert.Empty(leaf.DnsNames);
        Assert.False(leaf.IsCa);
    }

    [SkippableTheory]
    [InlineData(KeyKind.P256, "ecdsa", "--curve=secp256r1")]
    [InlineData(KeyKind.P384, "ecdsa", "--curve=secp384r1")]
    [InlineData(KeyKind.Rsa, "rsa", "--bits=2048")]
    public void A_request_of_certtool_is_read(KeyKind kind, string type, string size)
    {
        var certtool = Tool.Require("certtool", "gnutls-bin");
        using var folder = new TempDirectory();
        var template = folder.Write("template", "cn = \"web\"\nuri = \"spiffe://evil.org/admin\"\ndns_name = \"evil.org\"\ntls_www_client\n");
        var key = folder.File("key.pem");
        Tool.Run(certtool, ["--generate-privkey", "--key-type", type, size, "--outfile", key]).EnsureSuccess();
        Tool.Run(certtool, ["--generate-request", "--load-privkey", key, "--template", template, "--outfile", folder.File("csr.pem")]).EnsureSuccess();
        var text = File.ReadAllText(folder.File("csr.pem"));

        // certtool writes a description before the block; what is sent over the wire is the block alone.
        var csr = Read(text[text.IndexOf("-----BEGIN", StringComparison.Ordinal)..]);
        Assert.Equal(kind, csr.KeyKind);
        Assert.True(csr.VerifyProofOfPossession());
    }

    [SkippableTheory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.Rsa)]
    public void OpenSSL_verifies_a_request_of_ours(KeyKind kind)
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        var file = folder.Write("csr.pem", CsrPem.Encode(Keys.Csr(Keys.Of(kind))));
        var result = Tool.Run(openssl, ["req", "-verify", "-noout", "-in", file]).EnsureSuccess();
        Assert.Contains("OK", result.Output + result.Errors, StringComparison.Ordinal);
    }

    private static CertificateSigningRequest Read(string pem)
    {
        Assert.True(CsrPem.TryDecode(pem, out var der, out var error), error);
        Assert.True(CertificateSigningRequest.TryRead(der, out var csr, out error), error);
        return csr!;
    }
}
