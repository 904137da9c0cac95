using System.Security.Cryptography;

namespace MeshGrains.Identity.Tests;

public sealed class RsaVerifierTests : IDisposable
{
    private readonly RSA _key = RSA.Create(2048);

    public void Dispose() => _key.Dispose();

    [Theory]
    [InlineData(true, "SHA256")]
    [InlineData(true, "SHA384")]
    [InlineData(true, "SHA512")]
    [InlineData(false, "SHA256")]
    [InlineData(false, "SHA384")]
    [InlineData(false, "SHA512")]
    public void A_good_signature_is_good_and_each_damaged_one_is_not(bool native, string hashName)
    {
        var hash = new HashAlgorithmName(hashName);
        var digest = CryptographicOperations.HashData(hash, "signed"u8);
        var signature = _key.SignHash(digest, hash, RSASignaturePadding.Pkcs1);
        var verifier = new RsaVerifier(_key.ExportParameters(false), native);
        Assert.True(verifier.VerifyPkcs1(hash, digest, signature));
        for (var i = 0; i < signature.Length; i += 17)
        {
            var damaged = (byte[])signature.Clone();
            damaged[i] ^= 1;
            Assert.False(verifier.VerifyPkcs1(hash, digest, damaged));
        }

        var otherDigest = (byte[])digest.Clone();
        otherDigest[^1] ^= 1;
        Assert.False(verifier.VerifyPkcs1(hash, otherDigest, signature));
        Assert.True(verifier.VerifyPkcs1(hash, digest, signature));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Another_hash_function_padding_length_or_key_is_refused(bool native)
    {
        var digest = SHA256.HashData("signed"u8);
        var signature = _key.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var verifier = new RsaVerifier(_key.ExportParameters(false), native);
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA3_256, digest, signature));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA1, digest.AsSpan(0, 20), signature));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA384, SHA384.HashData("signed"u8), signature));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest.AsSpan(0, 31), signature));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest, signature.AsSpan(0, signature.Length - 1)));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest, [.. signature, 0]));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest, []));
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest, _key.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pss)));
        using var other = RSA.Create(2048);
        Assert.False(verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest, other.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
    }

    [Fact]
    public void Many_threads_may_verify_at_once()
    {
        var digest = SHA256.HashData("signed"u8);
        var signature = _key.SignHash(digest, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var verifier = new RsaVerifier(_key.ExportParameters(false));
        var good = 0;
        Parallel.For(0, 400, _ => Interlocked.Add(ref good, verifier.VerifyPkcs1(HashAlgorithmName.SHA256, digest, signature) ? 1 : 0));
        Assert.Equal(400, good);
    }
}
