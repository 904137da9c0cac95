using System.Runtime.InteropServices;
using System.Text;

namespace MeshGrains.Keys.Pkcs11;

/// <summary>A list of CK_ATTRIBUTE whose values stay where they are while it lives.</summary>
internal sealed unsafe class Pkcs11Template
{
    private readonly List<(ulong Type, byte[] Value)> _attributes = [];

    public int Count => _attributes.Count;

    public Pkcs11Template Add(ulong type, bool value) => Add(type, [(byte)(value ? 1 : 0)]);

    public Pkcs11Template Add(ulong type, ulong value) => Add(type, BitConverter.GetBytes(value));

    public Pkcs11Template Add(ulong type, string value) => Add(type, Encoding.UTF8.GetBytes(value));

    public Pkcs11Template Add(ulong type, ReadOnlySpan<byte> value)
    {
        // The pinned heap: a module reads these while the collector may be moving everything else.
        var pinned = GC.AllocateUninitializedArray<byte>(Math.Max(value.Length, 1), pinned: true);
        value.CopyTo(pinned);
        _attributes.Add((type, value.IsEmpty ? [] : pinned));
        return this;
    }

    /// <summary>The native array; keep this template alive until the module has read it.</summary>
    public Attribute[] Pin()
    {
        var native = new Attribute[_attributes.Count];
        for (var i = 0; i < native.Length; i++)
        {
            var value = _attributes[i].Value;
            native[i] = new Attribute
            {
                Type = _attributes[i].Type,
                Value = value.Length == 0 ? null : (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(value, 0),
                Length = (ulong)value.Length,
            };
        }

        return native;
    }

    /// <summary>CK_ATTRIBUTE.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Attribute
    {
        public ulong Type;
        public byte* Value;
        public ulong Length;
    }
}
