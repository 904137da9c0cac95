using System.Security.Cryptography;

namespace MeshGrains.Identity.Tests;

public sealed class PublicKeyInfoTests
{
    [Theory]
    [InlineData(KeyKind.P256, 256)]
    [InlineData(KeyKind.P384, 384)]
    [InlineData(KeyKind.Rsa, 2048)]
    public void Keys_that_DotNet_writes_are_read_and_written_back(KeyKind kind, int bits)
    {
        var der = Keys.Of(kind).ExportSubjectPublicKeyInfo();
        Assert.True(PublicKeyInfo.TryRead(der, out var key, out _));
        Assert.Equal((kind, bits), (key.Kind, key.SizeBits));
        var half = (key.KeyBits.Length - 1) / 2;
        var written = kind == KeyKind.Rsa
            ? PublicKeyWriter.Rsa(key.RsaModulus.Span, key.RsaExponent.Span)
            : PublicKeyWriter.Ec(kind, key.KeyBits.Span.Slice(1, half), key.KeyBits.Span[(1 + half)..]);
        Assert.Equal(der, written);
        using AsymmetricAlgorithm back = kind == KeyKind.Rsa ? key.ToRsa() : key.ToECDsa();
        Assert.Equal(der, back.ExportSubjectPublicKeyInfo());
    }

    [Fact]
    public void P521_is_read_and_Ed25519_is_told_apart()
    {
        using var p521 = ECDsa.Create(ECCurve.NamedCurves.nistP521);
        Assert.True(PublicKeyInfo.TryRead(p521.ExportSubjectPublicKeyInfo(), out var key, out _));
        Assert.Equal(KeyKind.P521, key.Kind);
        var ed25519 = Convert.FromHexString("302a300506032b6570032100" + new string('a', 64));
        Assert.True(PublicKeyInfo.TryRead(ed25519, out key, out _));
        Assert.Equal(KeyKind.Ed25519, key.Kind);
    }

    [Fact]
    public void Keys_that_are_not_handled_are_other()
    {
        using var weak = RSA.Create(1024);
        using var brainpool = ECDsa.Create(ECCurve.NamedCurves.brainpoolP256r1);
        byte[][] others = [
            weak.ExportSubjectPublicKeyInfo(),
            brainpool.ExportSubjectPublicKeyInfo(),
            PublicKeyWriter.Rsa([0x80, .. new byte[255]], [1, 0, 1]),
            PublicKeyWriter.Rsa([0x80, .. new byte[254], 1], [2]),
            PublicKeyWriter.Rsa([0x80, .. new byte[254], 1], [1]),
            PublicKeyWriter.Rsa([0x80, .. new byte[254], 1], [1, 0, 0, 0, 1]),
        ];
        Assert.All(others, der => Assert.True(PublicKeyInfo.TryRead(der, out var key, out _) && key.Kind == KeyKind.Other));
    }

    [Fact]
    public void Damaged_keys_never_throw()
    {
        foreach (var kind in (KeyKind[])[KeyKind.P256, KeyKind.Rsa])
        {
            Mutations.Survive(Keys.Of(kind).ExportSubjectPublicKeyInfo(), bytes =>
            {
                if (PublicKeyInfo.TryRead(bytes, out var key, out var error))
                {
                    SignatureVerifier.Verify(key, SignatureAlgorithm.EcdsaSha256, [1], new byte[70]);
                    SignatureVerifier.Verify(key, SignatureAlgorithm.RsaPkcs1Sha256, [1], new byte[256]);
                }
                else
                {
                    Assert.NotEmpty(error);
                }
            }, runs: 1000);
        }
    }

    [Fact]
    public void An_algorithm_fits_its_own_kind_of_key_alone()
    {
        PublicKeyInfo.TryRead(Keys.Rsa2048.ExportSubjectPublicKeyInfo(), out var rsa, out _);
        var signature = Keys.Rsa2048.SignData([1], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        Assert.True(SignatureVerifier.Verify(rsa, SignatureAlgorithm.RsaPkcs1Sha256, [1], signature));
        Assert.False(SignatureVerifier.Verify(rsa, SignatureAlgorithm.RsaPkcs1Sha384, [1], signature));
        Assert.False(SignatureVerifier.Verify(rsa, SignatureAlgorithm.EcdsaSha256, [1], signature));
        Assert.False(SignatureVerifier.Verify(rsa, SignatureAlgorithm.Other, [1], signature));
        Assert.False(SignatureVerifier.Fits(KeyKind.Ed25519, SignatureAlgorithm.EcdsaSha256));
    }

    [Fact]
    public void Coordinates_of_the_wrong_width_are_refused()
    {
        Assert.Throws<ArgumentException>(() => PublicKeyWriter.Ec(KeyKind.P256, new byte[31], new byte[32]));
        Assert.Throws<ArgumentException>(() => PublicKeyWriter.Ec(KeyKind.Rsa, new byte[32], new byte[32]));
        Assert.Throws<ArgumentException>(() => EcdsaSignature.ToDer(new byte[63]));
        Assert.Throws<ArgumentException>(() => EcdsaSignature.ToDer([]));
    }
}
