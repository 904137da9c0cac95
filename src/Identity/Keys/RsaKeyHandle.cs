using System.Runtime.InteropServices;

namespace MeshGrains.Identity;

/// <summary>A libcrypto RSA with a public key.</summary>
internal sealed class RsaKeyHandle : SafeHandle
{
    private RsaKeyHandle(nint key)
        : base(0, ownsHandle: true) => SetHandle(key);

    public override bool IsInvalid => handle == 0;

    /// <summary>The key, or null when libcrypto does not take it.</summary>
    public static RsaKeyHandle? Create(ReadOnlySpan<byte> modulus, ReadOnlySpan<byte> exponent)
        => LibCrypto.NewRsa(modulus, exponent) is not 0 and var key ? new RsaKeyHandle(key) : null;

    public bool Verify(int hashNid, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> signature)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return LibCrypto.VerifyRsa(handle, hashNid, digest, signature);
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.FreeRsa(handle);
        return true;
    }
}
