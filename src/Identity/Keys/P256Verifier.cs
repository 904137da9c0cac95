using System.Runtime.ConstrainedExecution;
using System.Security.Cryptography;

namespace MeshGrains.Identity;

/// <summary>Verifies ECDSA over P-256 at the speed of libcrypto, with .NET's own classes where libcrypto.so.3 is missing. Thread-safe.</summary>
public static class P256Verifier
{
    /// <summary>The length of an uncompressed point: 04, x, y.</summary>
    public const int PointBytes = 65;

    [ThreadStatic]
    private static Native? _native;

    /// <summary>True when libcrypto's own functions are used.</summary>
    public static bool IsNative => LibCrypto.IsAvailable;

    /// <summary>True for a good signature; false for a bad one, a point off the curve or an encoding that is not strict DER. Never throws.</summary>
    /// <param name="uncompressedPoint65">The public key as 04, x, y.</param>
    /// <param name="digest">The hash of the signed data; of a longer hash the leftmost 256 bits count.</param>
    /// <param name="derSignature">An ECDSA-Sig-Value (RFC 3279 section 2.2.3).</param>
    public static bool Verify(ReadOnlySpan<byte> uncompressedPoint65, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> derSignature)
    {
        if (!IsPlausible(uncompressedPoint65, digest, derSignature))
        {
            return false;
        }

        return LibCrypto.IsAvailable
            ? (_native ??= new Native()).Verify(uncompressedPoint65, digest, derSignature)
            : VerifyManaged(uncompressedPoint65, digest, derSignature);
    }

    internal static bool VerifyManaged(ReadOnlySpan<byte> point, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        if (!IsPlausible(point, digest, signature))
        {
            return false;
        }

        try
        {
            var parameters = new ECParameters
            {
                Curve = ECCurve.NamedCurves.nistP256,
                Q = new ECPoint { X = point[1..33].ToArray(), Y = point[33..].ToArray() },
            };
            using var key = ECDsa.Create(parameters);
            return key.VerifyHash(digest, signature, DSASignatureFormat.Rfc3279DerSequence);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static bool IsPlausible(ReadOnlySpan<byte> point, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
        => point.Length == PointBytes && point[0] == 0x04 && digest.Length is >= 20 and <= 64 && signature.Length is >= 8 and <= 72;

    /// <summary>One thread's reusable EC_KEY: its group stays, its point is set anew for each verification.</summary>
    private sealed class Native : CriticalFinalizerObject
    {
        private readonly nint _key = LibCrypto.NewP256();
        private readonly nint _scratch = LibCrypto.NewScratch();

        public bool Verify(ReadOnlySpan<byte> point, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
        {
            if (_key == 0 || _scratch == 0)
            {
                return VerifyManaged(point, digest, signature);
            }

            var verified = LibCrypto.SetPoint(_key, point, _scratch) && LibCrypto.Verify(_key, digest, signature);
            GC.KeepAlive(this);
            return verified;
        }

        ~Native()
        {
            if (_key != 0)
            {
                LibCrypto.Free(_key);
            }

            if (_scratch != 0)
            {
                LibCrypto.FreeScratch(_scratch);
            }
        }
    }
}
