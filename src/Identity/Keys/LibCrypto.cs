using System.Runtime.InteropServices;

namespace MeshGrains.Identity;

/// <summary>
/// The few functions of libcrypto.so.3 that the issuing path needs. .NET's own way to a P-256 public key runs OpenSSL 3's decoders and a full
/// key check at each import, several times the cost of the verification; these functions set the point on a group that stays.
/// Low-level EC_KEY functions are deprecated in OpenSSL 3 and present in every 3.x; without them the managed path serves.
/// </summary>
internal static unsafe class LibCrypto
{
    private const int NidP256 = 415;

    private static readonly nint Library = NativeLibrary.TryLoad("libcrypto.so.3", out var handle) ? handle : 0;
    private static readonly delegate* unmanaged<int, nint> EcKeyNewByCurveName = (delegate* unmanaged<int, nint>)Symbol("EC_KEY_new_by_curve_name");
    private static readonly delegate* unmanaged<nint, void> EcKeyFree = (delegate* unmanaged<nint, void>)Symbol("EC_KEY_free");
    private static readonly delegate* unmanaged<nint, int> EcKeyGenerate = (delegate* unmanaged<nint, int>)Symbol("EC_KEY_generate_key");
    private static readonly delegate* unmanaged<nint, byte*, nint, nint, int> EcKeyFromOctets
        = (delegate* unmanaged<nint, byte*, nint, nint, int>)Symbol("EC_KEY_oct2key");

    private static readonly delegate* unmanaged<nint, nint> EcKeyGroup = (delegate* unmanaged<nint, nint>)Symbol("EC_KEY_get0_group");
    private static readonly delegate* unmanaged<nint, nint> EcKeyPoint = (delegate* unmanaged<nint, nint>)Symbol("EC_KEY_get0_public_key");
    private static readonly delegate* unmanaged<nint, nint, int, byte*, nint, nint, nint> EcPointToOctets
        = (delegate* unmanaged<nint, nint, int, byte*, nint, nint, nint>)Symbol("EC_POINT_point2oct");

    private static readonly delegate* unmanaged<int, byte*, int, byte*, uint*, nint, int> EcdsaSign
        = (delegate* unmanaged<int, byte*, int, byte*, uint*, nint, int>)Symbol("ECDSA_sign");

    private static readonly delegate* unmanaged<int, byte*, int, byte*, int, nint, int> EcdsaVerify
        = (delegate* unmanaged<int, byte*, int, byte*, int, nint, int>)Symbol("ECDSA_verify");

    private static readonly delegate* unmanaged<nint> BnCtxNew = (delegate* unmanaged<nint>)Symbol("BN_CTX_new");
    private static readonly delegate* unmanaged<nint, void> BnCtxFree = (delegate* unmanaged<nint, void>)Symbol("BN_CTX_free");
    private static readonly delegate* unmanaged<void> ErrClearError = (delegate* unmanaged<void>)Symbol("ERR_clear_error");

    private static readonly delegate* unmanaged<nint> RsaNew = (delegate* unmanaged<nint>)Symbol("RSA_new");
    private static readonly delegate* unmanaged<nint, void> RsaFree = (delegate* unmanaged<nint, void>)Symbol("RSA_free");
    private static readonly delegate* unmanaged<nint, nint, nint, nint, int> RsaSetKey = (delegate* unmanaged<nint, nint, nint, nint, int>)Symbol("RSA_set0_key");
    private static readonly delegate* unmanaged<int, byte*, uint, byte*, uint, nint, int> RsaVerify
        = (delegate* unmanaged<int, byte*, uint, byte*, uint, nint, int>)Symbol("RSA_verify");

    private static readonly delegate* unmanaged<byte*, int, nint, nint> BnFromBytes = (delegate* unmanaged<byte*, int, nint, nint>)Symbol("BN_bin2bn");
    private static readonly delegate* unmanaged<nint, void> BnFree = (delegate* unmanaged<nint, void>)Symbol("BN_free");

    /// <summary>True when the library and every function is there.</summary>
    public static bool IsAvailable { get; }
        = EcKeyNewByCurveName != null && EcKeyFree != null && EcKeyGenerate != null && EcKeyFromOctets != null && EcKeyGroup != null
        && EcKeyPoint != null && EcPointToOctets != null && EcdsaSign != null && EcdsaVerify != null
        && BnCtxNew != null && BnCtxFree != null && ErrClearError != null;

    /// <summary>True when RSA signatures can be verified.</summary>
    public static bool HasRsa { get; }
        = RsaNew != null && RsaFree != null && RsaSetKey != null && RsaVerify != null && BnFromBytes != null && BnFree != null && ErrClearError != null;

    /// <summary>A P-256 EC_KEY without a key in it, or 0.</summary>
    public static nint NewP256() => EcKeyNewByCurveName(NidP256);

    public static void Free(nint key) => EcKeyFree(key);

    public static nint NewScratch() => BnCtxNew();

    public static void FreeScratch(nint scratch) => BnCtxFree(scratch);

    public static bool Generate(nint key) => Cleared(EcKeyGenerate(key) == 1);

    /// <summary>Writes the 65 bytes of the uncompressed point.</summary>
    public static bool ExportPoint(nint key, Span<byte> point)
    {
        const int uncompressed = 4;
        fixed (byte* octets = point)
        {
            return Cleared(EcPointToOctets(EcKeyGroup(key), EcKeyPoint(key), uncompressed, octets, point.Length, 0) == point.Length);
        }
    }

    /// <summary>Sets the public point. It is refused unless it lies on the curve, which for P-256 (cofactor 1) puts it in the group too.</summary>
    public static bool SetPoint(nint key, ReadOnlySpan<byte> point, nint scratch)
    {
        fixed (byte* octets = point)
        {
            return Cleared(EcKeyFromOctets(key, octets, point.Length, scratch) == 1);
        }
    }

    /// <summary>Verifies a strict DER ECDSA-Sig-Value; anything but a good signature is false.</summary>
    public static bool Verify(nint key, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        fixed (byte* hash = digest, der = signature)
        {
            return Cleared(EcdsaVerify(0, hash, digest.Length, der, signature.Length, key) == 1);
        }
    }

    /// <summary>Signs into <paramref name="signature"/> (72 bytes or more); gives the DER's length, 0 on failure. Safe to call from many threads.</summary>
    public static int Sign(nint key, ReadOnlySpan<byte> digest, Span<byte> signature)
    {
        uint length = 0;
        fixed (byte* hash = digest, der = signature)
        {
            return Cleared(EcdsaSign(0, hash, digest.Length, der, &length, key) == 1) ? (int)length : 0;
        }
    }

    /// <summary>An RSA public key, or 0. Verifying with it from many threads is safe: what it caches, it caches under a lock.</summary>
    public static nint NewRsa(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
    {
        nint n, e;
        fixed (byte* modulusBytes = modulus, exponentBytes = exponent)
        {
            n = BnFromBytes(modulusBytes, modulus.Length, 0);
            e = BnFromBytes(exponentBytes, exponent.Length, 0);
        }

        var key = RsaNew();
        if (key != 0 && n != 0 && e != 0 && RsaSetKey(key, n, e, 0) == 1)
        {
            return key;
        }

        // RSA_set0_key takes the numbers over only when it succeeds; each of these frees nothing when given 0.
        RsaFree(key);
        BnFree(n);
        BnFree(e);
        ErrClearError();
        return 0;
    }

    public static void FreeRsa(nint key) => RsaFree(key);

    /// <summary>Verifies PKCS #1 v1.5 over a digest of the hash function with this NID.</summary>
    public static bool VerifyRsa(nint key, int hashNid, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        fixed (byte* hash = digest, bytes = signature)
        {
            return Cleared(RsaVerify(hashNid, hash, (uint)digest.Length, bytes, (uint)signature.Length, key) == 1);
        }
    }

    // A failure left in the thread's error queue would be reported by whatever OpenSSL call .NET makes next on this thread.
    private static bool Cleared(bool success)
    {
        if (!success)
        {
            ErrClearError();
        }

        return success;
    }

    private static nint Symbol(string name) => Library != 0 && NativeLibrary.TryGetExport(Library, name, out var address) ? address : 0;
}
