using System.Security.Cryptography;
using MeshGrains.Testing;

namespace MeshGrains.Identity.Tests.Revocation;

public sealed class CrlTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly RevokedCertificate[] Some =
    [
        new("0100", Start.AddMinutes(-1), CrlReason.CertificateHold), new("ff", Start.AddMinutes(-2), CrlReason.Unspecified),
        new(new string('7', 40), Start.AddYears(25), CrlReason.CaCompromise), new("1", Start, CrlReason.KeyCompromise),
    ];

    [Fact]
    public void A_list_is_signed_over_these_bytes()
    {
        var profile = new CrlProfile(
            Convert.FromHexString("3010310e300c06035504030c056e616d65"), new byte[] { 1, 2, 3 }, SignatureAlgorithm.EcdsaSha256, 200, Start, Start.AddHours(1), Some);

        // Written by another program.
        const string expected =
            "3081f3020101300a06082a8648ce3d0403023010310e300c06035504030c056e616d65170d3330303130313030303030305a170d3330303130313031"
            + "303030305a3081913020020101170d3330303130313030303030305a300c300a0603551d1504030a01013013020200ff170d32393132333132333538"
            + "30305a302102020100170d3239313233313233353930305a300c300a0603551d1504030a010630350214777777777777777777777777777777777777"
            + "7777180f32303535303130313030303030305a300c300a0603551d1504030a0102a01f301d300e0603551d23040730058003010203300b0603551d14"
            + "0404020200c8";
        Assert.Equal(expected, Convert.ToHexStringLower(CrlWriter.BuildTbs(profile)));
    }

    [Fact]
    public void What_is_written_is_read_sorted_by_serial_number_and_signed_by_its_issuer_alone()
    {
        var pki = new Pki();
        var crl = Read(CrlWriter.Sign(pki.Issuer, long.MaxValue, Start, Start.AddHours(1).AddMilliseconds(700), Some));

        Assert.Equal((long.MaxValue, Start, Start.AddHours(1)), (crl.Number, crl.ThisUpdate, crl.NextUpdate));
        Assert.Equal(["01", "ff", "0100", new string('7', 40)], crl.Revoked.Select(line => line.Serial));
        Assert.Equal(
            [CrlReason.KeyCompromise, CrlReason.Unspecified, CrlReason.CertificateHold, CrlReason.CaCompromise], crl.Revoked.Select(line => line.Reason));
        Assert.Equal(Start.AddYears(25), crl.Revoked[3].RevokedAt);
        Assert.Equal(pki.Issuer.AuthorityId, Convert.ToHexStringLower(crl.AuthorityKeyIdentifier.Span));
        Assert.Equal(pki.Issuer.Certificate.SubjectName.ToArray(), crl.IssuerName.ToArray());
        Assert.True(crl.IsSignedBy(pki.Issuer.Certificate.PublicKey));
        Assert.False(crl.IsSignedBy(pki.Root.PublicKey));
    }

    [Fact]
    public void A_list_of_nobody_is_a_list()
    {
        var crl = Read(CrlWriter.Sign(new Pki().Issuer, 1, Start, Start.AddHours(1), []));
        Assert.Empty(crl.Revoked);
    }

    [Fact]
    public void What_makes_no_list_is_refused()
    {
        var issuer = new Pki().Issuer;
        void Refused(long number, TimeSpan life, params RevokedCertificate[] revoked) =>
            Assert.Throws<ArgumentException>(() => CrlWriter.Sign(issuer, number, Start, Start + life, revoked));
        RevokedCertificate Of(string serial) => new(serial, Start, CrlReason.Unspecified);

        Refused(0, TimeSpan.FromHours(1));
        Refused(1, TimeSpan.Zero);
        Refused(1, TimeSpan.FromHours(1), Of("00"));
        Refused(1, TimeSpan.FromHours(1), Of("xy"));
        Refused(1, TimeSpan.FromHours(1), Of(new string('a', 42)));
        Refused(1, TimeSpan.FromHours(1), Of("0a"), Of("a"));
        Refused(1, TimeSpan.FromHours(1), [.. Enumerable.Range(1, CrlWriter.MaxRevoked + 1).Select(number => Of($"{number:x8}"))]);
    }

    [Fact]
    public void Whatever_else_the_bytes_are_is_told_and_nothing_throws()
    {
        var der = CrlWriter.Sign(new Pki().Issuer, 7, Start, Start.AddHours(1), Some);
        var key = new Pki().Issuer.Certificate.PublicKey;
        for (var at = 0; at < der.Length; at++)
        {
            var changed = der.ToArray();
            changed[at] ^= 0x41;
            Assert.False(ParsedCrl.TryRead(changed, out var crl, out var error) && crl.IsSignedBy(key));
            Assert.True(crl is null == error is not null);
            Assert.False(ParsedCrl.TryRead(der.AsMemory(0, at), out _, out error));
            Assert.NotNull(error);
        }

        Assert.False(ParsedCrl.TryRead(new byte[ParsedCrl.MaxDerBytes + 1], out _, out _));
        Assert.False(ParsedCrl.TryRead((byte[])[.. der, 0], out _, out _));
    }

    [SkippableFact]
    public void OpenSSL_and_GnuTLS_verify_the_lists_and_refuse_who_is_on_them()
    {
        var openssl = Tool.Require("openssl", "openssl");
        var certtool = Tool.Require("certtool", "gnutls-bin");
        var now = DateTimeOffset.UtcNow;
        using var folder = new TempDirectory();
        var pki = new Pki(Keys.Rsa2048, now: now);
        var (good, bad) = (pki.IssueLeaf(), pki.IssueLeaf());
        var revoked = new RevokedCertificate(ParsedCertificate.Read(bad).SerialHex, now.AddSeconds(-5), CrlReason.CertificateHold);
        var ofIssuing = folder.Write("issuing.crl", Pem(CrlWriter.Sign(pki.Issuer, 5, now.AddMinutes(-1), now.AddHours(1), [revoked])));
        var ofRoot = Pem(RootList(pki, now));
        var ofRootRevoking = Pem(RootList(pki, now, new RevokedCertificate(pki.Issuer.Certificate.SerialHex, now.AddSeconds(-5), CrlReason.CaCompromise)));
        var root = folder.Write("root.pem", PemWriter.EncodeCertificate(pki.Root.Der.Span));
        var issuing = folder.Write("issuing.pem", PemWriter.EncodeCertificate(pki.Issuer.Certificate.Der.Span));
        var (goodFile, badFile) = (folder.Write("good.pem", PemWriter.EncodeCertificate(good)), folder.Write("bad.pem", PemWriter.EncodeCertificate(bad)));
        var lists = folder.Write("lists.pem", File.ReadAllText(ofIssuing) + ofRoot);
        var listsRevoking = folder.Write("revoking.pem", File.ReadAllText(ofIssuing) + ofRootRevoking);

        Assert.Contains("verify OK", Tool.Run(openssl, ["crl", "-in", ofIssuing, "-CAfile", issuing, "-noout"]).EnsureSuccess().Errors, StringComparison.Ordinal);
        var text = Tool.Run(openssl, ["crl", "-in", ofIssuing, "-noout", "-text"]).EnsureSuccess().Output;
        Assert.All(["Version 2", "Certificate Hold", revoked.Serial.ToUpperInvariant()], part => Assert.Contains(part, text, StringComparison.Ordinal));
        ToolResult Verify(string leaf, string crls) => Tool.Run(
            openssl, ["verify", "-x509_strict", "-crl_check_all", "-CRLfile", crls, "-CAfile", root, "-untrusted", issuing, leaf]);
        Verify(goodFile, lists).EnsureSuccess();
        Assert.Contains("error 23", Verify(badFile, lists).Errors, StringComparison.Ordinal);
        Assert.Contains("error 23", Verify(goodFile, listsRevoking).Errors, StringComparison.Ordinal);
        Assert.Contains("error 3", Verify(goodFile, ofIssuing).Errors, StringComparison.Ordinal);

        Tool.Run(certtool, ["--verify-crl", "--load-ca-certificate", issuing, "--infile", ofIssuing]).EnsureSuccess();
        Assert.Contains("Revoked certificates (1)", Tool.Run(certtool, ["--crl-info", "--infile", ofIssuing]).EnsureSuccess().Output, StringComparison.Ordinal);
    }

    private static byte[] RootList(Pki pki, DateTimeOffset now, params RevokedCertificate[] revoked)
    {
        var tbs = CrlWriter.BuildTbs(CrlProfile.Of(pki.Root, SignatureAlgorithm.RsaPkcs1Sha256, 3, now.AddMinutes(-1), now.AddDays(7), revoked));
        return CrlWriter.Assemble(tbs, SignatureAlgorithm.RsaPkcs1Sha256, ((RSA)pki.RootKey).SignData(tbs, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    private static string Pem(byte[] der) => PemWriter.Encode("X509 CRL", der);

    private static ParsedCrl Read(byte[] der) => ParsedCrl.TryRead(der, out var crl, out var error) ? crl : throw new FormatException(error);
}
