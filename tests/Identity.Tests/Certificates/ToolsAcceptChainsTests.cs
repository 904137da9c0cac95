using MeshGrains.Testing;

namespace MeshGrains.Identity.Tests;

/// <summary>OpenSSL and GnuTLS judge every kind of chain that is issued.</summary>
public sealed class ToolsAcceptChainsTests
{
    // certtool has no way to be told another instant than the present.
    private static readonly DateTimeOffset Today = DateTimeOffset.UtcNow;

    public static TheoryData<KeyKind, KeyKind, bool> Chains()
    {
        var chains = new TheoryData<KeyKind, KeyKind, bool>();
        KeyKind[] kinds = [KeyKind.P256, KeyKind.P384, KeyKind.Rsa];
        foreach (var root in kinds)
        {
            foreach (var leaf in kinds)
            {
                chains.Add(root, leaf, false);
                chains.Add(root, leaf, true);
            }
        }

        return chains;
    }

    [SkippableTheory]
    [MemberData(nameof(Chains))]
    public void OpenSSL_accepts_the_chain_for_both_purposes(KeyKind root, KeyKind leaf, bool nameConstraint)
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var files = new ChainFiles(root, leaf, nameConstraint);
        foreach (var purpose in (string[])["sslserver", "sslclient"])
        {
            var result = Tool.Run(
                openssl, ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", files.Root, "-untrusted", files.Issuing, files.Leaf]).EnsureSuccess();
            Assert.Contains("OK", result.Output, StringComparison.Ordinal);
        }

        Tool.Run(openssl, ["verify", "-x509_strict", "-partial_chain", "-CAfile", files.Issuing, files.Leaf]).EnsureSuccess();
        Tool.Run(openssl, ["verify", "-x509_strict", "-check_ss_sig", "-CAfile", files.Root, files.Root]).EnsureSuccess();
        Assert.NotEqual(0, Tool.Run(openssl, ["verify", "-x509_strict", "-CAfile", files.OtherRoot, "-untrusted", files.Issuing, files.Leaf]).ExitCode);
    }

    [SkippableTheory]
    [MemberData(nameof(Chains))]
    public void GnuTLS_accepts_the_chain(KeyKind root, KeyKind leaf, bool nameConstraint)
    {
        var certtool = Tool.Require("certtool", "gnutls-bin");
        using var files = new ChainFiles(root, leaf, nameConstraint);
        Tool.Run(certtool, ["--verify-chain", "--verify-profile", "medium", "--infile", files.Chain]).EnsureSuccess();
        Tool.Run(certtool, ["--verify", "--verify-profile", "medium", "--load-ca-certificate", files.Root, "--infile", files.Chain]).EnsureSuccess();
        Assert.NotEqual(
            0, Tool.Run(certtool, ["--verify", "--verify-profile", "medium", "--load-ca-certificate", files.OtherRoot, "--infile", files.Chain]).ExitCode);
    }

    [SkippableFact]
    public void OpenSSL_checks_the_host_names_and_addresses_of_a_leaf()
    {
        var openssl = Tool.Require("openssl", "openssl");
        var pki = new Pki(now: Today);
        using var folder = new TempDirectory();
        var leaf = X509SvidWriter.Issue(pki.Issuer, pki.Request() with
        {
            DnsNames = ["web.default.svc", "localhost"],
            IpAddresses = [System.Net.IPAddress.Loopback, System.Net.IPAddress.IPv6Loopback],
        });
        var root = folder.Write("root.pem", PemWriter.EncodeCertificate(pki.Root.Der.Span));
        var issuing = folder.Write("issuing.pem", PemWriter.EncodeCertificate(pki.Issuer.Certificate.Der.Span));
        var file = folder.Write("leaf.pem", PemWriter.EncodeCertificate(leaf));
        ToolResult Verify(params string[] check) => Tool.Run(openssl, ["verify", "-x509_strict", .. check, "-CAfile", root, "-untrusted", issuing, file]);

        Verify("-verify_hostname", "web.default.svc").EnsureSuccess();
        Verify("-verify_hostname", "localhost").EnsureSuccess();
        Verify("-verify_ip", "127.0.0.1").EnsureSuccess();
        Verify("-verify_ip", "::1").EnsureSuccess();
        Assert.NotEqual(0, Verify("-verify_hostname", "other").ExitCode);
        Assert.NotEqual(0, Verify("-verify_ip", "127.0.0.2").ExitCode);
    }

    [SkippableFact]
    public void OpenSSL_refuses_a_leaf_of_another_trust_domain_under_a_name_constraint()
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        var root = Forge.Ca("root") with { Extra = [Forge.PermittedUris("example.org")], NotBefore = Today.AddHours(-1), NotAfter = Today.AddHours(1) };
        var ca = root.Make();
        var leaf = (Forge.Leaf(ca) with { Uris = ["spiffe://other.org/a"], NotBefore = Today.AddHours(-1), NotAfter = Today.AddHours(1) }).Make();
        var result = Tool.Run(openssl, ["verify", "-CAfile", folder.Write("root.pem", PemWriter.EncodeCertificate(ca.Der)), folder.Write("leaf.pem", PemWriter.EncodeCertificate(leaf.Der))]);
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("permitted subtree violation", result.Errors, StringComparison.Ordinal);
    }

    private sealed class ChainFiles : IDisposable
    {
        private readonly TempDirectory _folder = new();

        public ChainFiles(KeyKind rootKind, KeyKind leafKind, bool nameConstraint)
        {
            var pki = new Pki(Keys.Of(rootKind), nameConstraint, now: Today);
            var leaf = pki.IssueLeaf(Keys.Of(leafKind).ExportSubjectPublicKeyInfo());
            var (leafPem, issuingPem, rootPem) = (PemWriter.EncodeCertificate(leaf),
                PemWriter.EncodeCertificate(pki.Issuer.Certificate.Der.Span), PemWriter.EncodeCertificate(pki.Root.Der.Span));
            Leaf = _folder.Write("leaf.pem", leafPem);
            Issuing = _folder.Write("issuing.pem", issuingPem);
            Root = _folder.Write("root.pem", rootPem);
            Chain = _folder.Write("chain.pem", leafPem + issuingPem + rootPem);
            OtherRoot = _folder.Write("other.pem", PemWriter.EncodeCertificate(new Pki(System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256), now: Today).Root.Der.Span));
        }

        public string Leaf { get; }

        public string Issuing { get; }

        public string Root { get; }

        public string Chain { get; }

        public string OtherRoot { get; }

        public void Dispose() => _folder.Dispose();
    }
}
