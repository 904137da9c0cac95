using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Keys.Tests;

public sealed class EcdsaSignatureTests
{
    [Theory]
    [InlineData(KeyAlgorithm.EcdsaP256)]
    [InlineData(KeyAlgorithm.EcdsaP384)]
    public void Any_r_and_s_come_back_from_strict_DER(KeyAlgorithm algorithm) => Prop.ForAll<byte[]>(seed =>
    {
        var half = algorithm.FieldBytes();
        var raw = new byte[2 * half];
        seed.AsSpan(0, Math.Min(seed.Length, raw.Length)).CopyTo(raw.AsSpan(raw.Length - Math.Min(seed.Length, raw.Length)));
        seed.AsSpan(0, Math.Min(seed.Length, half)).CopyTo(raw.AsSpan(half - Math.Min(seed.Length, half)));
        var reader = new AsnReader(EcdsaSignature.ToDer(raw, algorithm), AsnEncodingRules.DER);
        var sequence = reader.ReadSequence();
        reader.ThrowIfNotEmpty();
        Assert.Equal(new BigInteger(raw.AsSpan(0, half), true, true), sequence.ReadInteger());
        Assert.Equal(new BigInteger(raw.AsSpan(half), true, true), sequence.ReadInteger());
        sequence.ThrowIfNotEmpty();
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Real_signatures_verify_after_the_change_of_form()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        for (var i = 0; i < 300; i++)
        {
            var digest = SHA256.HashData(BitConverter.GetBytes(i));
            var der = EcdsaSignature.ToDer(key.SignHash(digest), KeyAlgorithm.EcdsaP256);
            Assert.True(key.VerifyHash(digest, der, DSASignatureFormat.Rfc3279DerSequence));
        }
    }

    [Fact]
    public void A_raw_signature_of_another_length_is_refused() =>
        Assert.Throws<KeyManagerException>(() => EcdsaSignature.ToDer(new byte[63], KeyAlgorithm.EcdsaP256));
}
