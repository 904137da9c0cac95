using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MeshGrains.Identity.Tests;

public sealed class CertificateSigningRequestTests
{
    [Theory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.Rsa)]
    public void A_request_of_ours_reads_back_and_is_proven(KeyKind kind)
    {
        var csr = Read(Keys.Csr(Keys.Of(kind)));
        Assert.Equal(kind, csr.KeyKind);
        Assert.Equal(Keys.Of(kind).ExportSubjectPublicKeyInfo(), csr.SubjectPublicKeyInfo);
        Assert.True(csr.VerifyProofOfPossession());
    }

    [Fact]
    public void An_issuer_key_makes_a_request_too()
    {
        using var key = IssuerKey.Create();
        var csr = Read(CertificateSigningRequestWriter.Write(key));
        Assert.Equal(key.SubjectPublicKeyInfo, csr.SubjectPublicKeyInfo);
        Assert.True(csr.VerifyProofOfPossession());
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    public void Both_hashes_of_ECDSA_are_read_for_both_curves(string hash)
    {
        foreach (var key in (ECDsa[])[Keys.P256, Keys.P384])
        {
            var der = new CertificateRequest("CN=x", key, new HashAlgorithmName(hash)).CreateSigningRequest();
            Assert.True(Read(der).VerifyProofOfPossession());
        }
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void RSA_is_read_with_every_SHA2(string hash)
    {
        var der = new CertificateRequest("CN=x", Keys.Rsa2048, new HashAlgorithmName(hash), RSASignaturePadding.Pkcs1).CreateSigningRequest();
        Assert.True(Read(der).VerifyProofOfPossession());
    }

    [Fact]
    public void RSA_with_SHA1_is_refused()
    {
        var der = Keys.Csr(Keys.Rsa2048);
        var sha256WithRsa = der.AsSpan().IndexOf(Convert.FromHexString("2a864886f70d01010b"));
        der[sha256WithRsa + 8] = 0x05;
        Refused(der, "signature algorithm");
    }

    [Fact]
    public void Other_algorithms_are_refused()
    {
        Refused(new CertificateRequest("CN=x", Keys.P256, HashAlgorithmName.SHA512).CreateSigningRequest(), "signature algorithm");
        Refused(new CertificateRequest("CN=x", Keys.Rsa2048, HashAlgorithmName.SHA256, RSASignaturePadding.Pss).CreateSigningRequest(), "signature algorithm");
    }

    [Fact]
    public void Other_keys_are_refused()
    {
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        Refused(new CertificateRequest("CN=x", p521, HashAlgorithmName.SHA256).CreateSigningRequest(), "public key is not allowed");
        using var weak = RSA.Create(1024);
        Refused(CertificateSigningRequestWriterFor(weak), "public key is not allowed");
        Refused(WithRsaKey(modulusBits: 4104, [1, 0, 1]), "4104 bits");
        Refused(WithRsaKey(modulusBits: 2048, [3]), "65537");
        Refused(WithRsaKey(modulusBits: 8200, [1, 0, 1]), "not allowed");
    }

    [Fact]
    public void A_signature_by_another_key_proves_nothing()
    {
        foreach (var kind in (KeyKind[])[KeyKind.P256, KeyKind.P384, KeyKind.Rsa])
        {
            var der = Keys.Csr(Keys.Of(kind));
            der[^1] ^= 1;
            Assert.False(CertificateSigningRequest.TryRead(der, out var csr, out _) && csr.VerifyProofOfPossession());
        }

        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var swapped = Keys.Csr(other);
        Keys.P256.ExportSubjectPublicKeyInfo().CopyTo(swapped, swapped.AsSpan().IndexOf(other.ExportSubjectPublicKeyInfo()));
        Assert.False(Read(swapped).VerifyProofOfPossession());
    }

    [Fact]
    public void A_point_off_the_curve_proves_nothing()
    {
        var der = Keys.Csr(Keys.P256);
        var point = der.AsSpan().IndexOf(Keys.P256.ExportSubjectPublicKeyInfo());
        der[point + 60] ^= 1;
        Assert.False(Read(der).VerifyProofOfPossession());
    }

    [Fact]
    public void More_than_8_KB_is_refused_unread() => Refused(new byte[CertificateSigningRequest.MaxDerBytes + 1], "at most 8192");

    [Fact]
    public void Bytes_after_the_request_are_refused() => Refused([.. Keys.Csr(Keys.P256), 0], "PKCS #10");

    [Fact]
    public void Damaged_requests_are_read_or_refused_and_never_throw()
    {
        var withNames = new CertificateRequest("CN=x, O=y", Keys.P256, HashAlgorithmName.SHA256);
        withNames.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 3, true));
        foreach (var der in (byte[][])[Keys.Csr(Keys.P256), withNames.CreateSigningRequest()])
        {
            var key = ((Func<byte[]>)(() => Read(der).SubjectPublicKeyInfo.ToArray()))();
            Mutations.Survive(der, bytes =>
            {
                if (!CertificateSigningRequest.TryRead(bytes, out var csr, out var error))
                {
                    Assert.NotEmpty(error);
                }
                else if (csr.VerifyProofOfPossession())
                {
                    // Nothing but the signed request itself is ever proven.
                    Assert.Equal(key, csr.SubjectPublicKeyInfo);
                }
            });
        }

        Mutations.Survive(Keys.Csr(Keys.Rsa2048), bytes => _ = CertificateSigningRequest.TryRead(bytes, out var csr, out _) && csr.VerifyProofOfPossession(), 500);
    }

    private static byte[] CertificateSigningRequestWriterFor(RSA key)
        => new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();

    /// <summary>A request whose key is made of arbitrary numbers; its signature is good for nothing.</summary>
    private static byte[] WithRsaKey(int modulusBits, byte[] exponent)
    {
        var modulus = new byte[modulusBits / 8];
        Array.Fill(modulus, (byte)0xFF);
        var der = Keys.Csr(Keys.Rsa2048);
        var info = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (info.PushSequence())
        {
            using (info.PushSequence())
            {
                info.WriteInteger(0);
                info.PushSequence().Dispose();
                info.WriteEncodedValue(PublicKeyWriter.Rsa(modulus, exponent));
            }

            info.WriteEncodedValue(Convert.FromHexString("300d06092a864886f70d01010b0500"));
            info.WriteBitString(der.AsSpan(^256));
        }

        return info.Encode();
    }

    private static CertificateSigningRequest Read(byte[] der)
        => CertificateSigningRequest.TryRead(der, out var csr, out var error) ? csr : throw new InvalidOperationException(error);

    private static void Refused(byte[] der, string reason)
    {
        Assert.False(CertificateSigningRequest.TryRead(der, out var csr, out var error));
        Assert.Null(csr);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }
}
