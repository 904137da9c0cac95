using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

internal sealed class CountingSerials : ISerialSource
{
    private int _last;

    public SerialNumber Next() => new((UInt128)(uint)Interlocked.Increment(ref _last) << 96);
}
