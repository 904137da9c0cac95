using MeshGrains.Grains;

namespace MeshGrains.Faults;

/// <summary>A planted fault: a version that refuses every grain state that another version stored.</summary>
internal sealed class RefusingCodec(IStateCodec real) : IStateCodec
{
    public byte[] Encode<T>(T state) => real.Encode(state);

    public T Decode<T>(ReadOnlyMemory<byte> bytes) => throw new StateFormatException($"A planted fault: this version cannot read the stored {typeof(T).Name}.");

    public T Empty<T>() => real.Empty<T>();

    public bool IsTrustBearing<T>() => real.IsTrustBearing<T>();
}
