using System.Runtime.InteropServices;

namespace MeshGrains.Identity;

/// <summary>A libcrypto EC_KEY with a private key; freeing it wipes the key.</summary>
internal sealed class P256KeyHandle : SafeHandle
{
    private P256KeyHandle(nint key)
        : base(0, ownsHandle: true) => SetHandle(key);

    public override bool IsInvalid => handle == 0;

    /// <summary>A new key, or null when libcrypto cannot make one.</summary>
    public static P256KeyHandle? Generate()
    {
        var key = LibCrypto.NewP256();
        if (key == 0)
        {
            return null;
        }

        var handle = new P256KeyHandle(key);
        if (LibCrypto.Generate(key))
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    public bool ExportPoint(Span<byte> point)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return LibCrypto.ExportPoint(handle, point);
        }
        finally
        {
            Release(held);
        }
    }

    public int Sign(ReadOnlySpan<byte> digest, Span<byte> signature)
    {
        var held = false;
        try
        {
            DangerousAddRef(ref held);
            return LibCrypto.Sign(handle, digest, signature);
        }
        finally
        {
            Release(held);
        }
    }

    protected override bool ReleaseHandle()
    {
        LibCrypto.Free(handle);
        return true;
    }

    private void Release(bool held)
    {
        if (held)
        {
            DangerousRelease();
        }
    }
}
