using System.Security.Cryptography;

namespace MeshGrains.Identity.Tests;

public sealed class IssuerKeyTests
{
    public static TheoryData<bool> Paths => [true, false];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Signatures_of_many_threads_are_strict_DER_and_good(bool native)
    {
        using var key = Create(native);
        using var verifier = ECDsa.Create();
        verifier.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        var signed = new (byte[] Digest, byte[] Signature)[500];
        Parallel.For(0, signed.Length, i =>
        {
            var digest = SHA256.HashData(BitConverter.GetBytes(i));
            var signature = new byte[IssuerKey.MaxSignatureBytes];
            signed[i] = (digest, signature[..key.SignDigest(digest, signature)]);
        });
        Assert.All(signed, pair => Assert.True(verifier.VerifyHash(pair.Digest, pair.Signature, DSASignatureFormat.Rfc3279DerSequence)));
        Assert.All(signed, pair => Assert.True(P256Verifier.Verify(key.SubjectPublicKeyInfo.Span[^65..], pair.Digest, pair.Signature)));
        Assert.Equal(signed.Length, signed.Select(pair => Convert.ToHexString(pair.Signature)).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void The_public_key_is_a_P256_key(bool native)
    {
        using var key = Create(native);
        Assert.True(PublicKeyInfo.TryRead(key.SubjectPublicKeyInfo, out var info, out _));
        Assert.Equal(KeyKind.P256, info.Kind);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void A_disposed_key_signs_no_more(bool native)
    {
        var key = Create(native);
        key.Dispose();
        Assert.Throws<ObjectDisposedException>(() => key.SignDigest(new byte[32], new byte[72]));
        key.Dispose();
    }

    [Fact]
    public void Buffers_of_the_wrong_size_are_a_mistake_of_the_caller()
    {
        using var key = IssuerKey.Create();
        Assert.Throws<ArgumentOutOfRangeException>(() => key.SignDigest(new byte[31], new byte[72]));
        Assert.Throws<ArgumentOutOfRangeException>(() => key.SignDigest(new byte[32], new byte[71]));
    }

    private static IssuerKey Create(bool native)
        => native ? IssuerKey.Create() : IssuerKey.FromManaged(ECDsa.Create(ECCurve.NamedCurves.nistP256));
}
