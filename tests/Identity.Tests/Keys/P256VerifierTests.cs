using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

/// <summary>libcrypto's path and .NET's give the same verdict on everything.</summary>
public sealed class P256VerifierTests
{
    private static readonly byte[] Data = "signed"u8.ToArray();
    private static readonly byte[] Digest = SHA256.HashData(Data);
    private static readonly byte[] Point = PointOf(Keys.P256);
    private static readonly byte[] Signature = Keys.P256.SignHash(Digest, DSASignatureFormat.Rfc3279DerSequence);

    [Fact]
    public void Libcrypto_is_used_on_this_system()
        => Assert.True(P256Verifier.IsNative || !OperatingSystem.IsLinux(), "libcrypto.so.3 was not found; issuance runs at a third of its speed.");

    [Fact]
    public void Good_signatures_of_many_keys_are_good_on_both_paths()
    {
        for (var i = 0; i < 50; i++)
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var digest = RandomNumberGenerator.GetBytes(32 + (16 * (i % 3)));
            var signature = key.SignHash(digest, DSASignatureFormat.Rfc3279DerSequence);
            Assert.True(Same(PointOf(key), digest, signature));
            digest[0] ^= 1;
            Assert.False(Same(PointOf(key), digest, signature));
        }
    }

    [Fact]
    public void Damaged_signatures_get_one_verdict()
        => Agree(Mutations.Of(Signature), damaged => !Same(Point, Digest, damaged) || damaged.AsSpan().SequenceEqual(Signature));

    [Fact]
    public void Damaged_points_get_one_verdict()
        => Agree(Mutations.Of(Point), damaged => !Same(damaged, Digest, Signature) || damaged.AsSpan().SequenceEqual(Point));

    [Fact]
    public void Odd_encodings_are_refused_on_both_paths()
    {
        var (r, s) = Halves(Keys.P256.SignHash(Digest));
        Assert.True(Same(Point, Digest, EcdsaSignature.ToDer([.. r, .. s])));
        byte[][] odd = [
            [.. Signature, 0],
            Signature[..^1],
            [0x30, 0x81, .. Signature[1..]],
            [0x31, .. Signature[1..]],
            Sequence([0x00, 0x00, .. r], s),
            Sequence(new byte[1], s),
            Sequence(r, new byte[1]),
            Sequence(Order, s),
            Sequence(r, Order),
            [],
            new byte[72],
        ];
        Assert.All(odd, signature => Assert.False(Same(Point, Digest, signature)));
    }

    [Fact]
    public void Points_that_are_none_are_refused_on_both_paths()
    {
        var compressed = new byte[] { 0x02 }.Concat(Point[1..33]).ToArray();
        byte[][] none = [[], [0x00], compressed, new byte[65], [0x04, .. new byte[64]], [0x06, .. Point[1..]], [0x04, .. Enumerable.Repeat((byte)0xFF, 64)]];
        Assert.All(none, point => Assert.False(Same(point, Digest, Signature)));
    }

    [Fact]
    public void A_point_that_is_refused_does_not_leave_the_last_one_in_its_place()
    {
        // Too large for the field, so that nothing of it is ever set; off the curve; and zero.
        byte[][] refused = [[0x04, .. Enumerable.Repeat((byte)0xFF, 64)], [.. Point[..^1], (byte)(Point[^1] ^ 1)], [0x04, .. new byte[64]]];
        foreach (var point in refused)
        {
            Assert.True(P256Verifier.Verify(Point, Digest, Signature));
            Assert.False(P256Verifier.Verify(point, Digest, Signature));
        }
    }

    [Fact]
    public unsafe void A_failure_leaves_no_error_behind_for_the_next_call_of_the_thread()
    {
        if (!NativeLibrary.TryLoad("libcrypto.so.3", out var library))
        {
            return;
        }

        var peekError = (delegate* unmanaged<ulong>)NativeLibrary.GetExport(library, "ERR_peek_error");
        Assert.False(P256Verifier.Verify([0x04, .. new byte[64]], Digest, Signature));
        Assert.Equal(0ul, peekError());
        Assert.False(P256Verifier.Verify(Point, Digest, [0x30, 0x06, 2, 1, 1, 2, 1, 0]));
        Assert.Equal(0ul, peekError());
        Assert.True(P256Verifier.Verify(Point, Digest, Signature));
    }

    [Fact]
    public void Many_threads_verify_different_keys_at_once()
    {
        var signed = Enumerable.Range(0, 8).Select(_ =>
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            return (Point: PointOf(key), Signature: key.SignHash(Digest, DSASignatureFormat.Rfc3279DerSequence));
        }).ToArray();
        Parallel.For(0, 2000, i =>
        {
            Assert.True(P256Verifier.Verify(signed[i % 8].Point, Digest, signed[i % 8].Signature));
            Assert.False(P256Verifier.Verify(signed[i % 8].Point, Digest, signed[(i + 1) % 8].Signature));
        });
    }

    private static readonly byte[] Order = Convert.FromHexString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

    private static bool Same(byte[] point, byte[] digest, byte[] signature)
    {
        var verdict = P256Verifier.Verify(point, digest, signature);
        Assert.Equal(P256Verifier.VerifyManaged(point, digest, signature), verdict);
        return verdict;
    }

    private static void Agree(Gen<byte[]> inputs, Func<byte[], bool> property)
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000).WithQuietOnSuccess(true), Prop.ForAll(Arb.From(inputs), property));

    private static byte[] PointOf(ECDsa key) => key.ExportSubjectPublicKeyInfo()[^65..];

    private static (byte[] R, byte[] S) Halves(byte[] rs) => (rs[..32], rs[32..]);

    private static byte[] Sequence(byte[] r, byte[] s)
    {
        byte[] Integer(byte[] value)
        {
            byte[] content = value[0] >= 0x80 ? [0, .. value] : value;
            return [0x02, (byte)content.Length, .. content];
        }

        byte[] body = [.. Integer(r), .. Integer(s)];
        return [0x30, (byte)body.Length, .. body];
    }
}
