namespace MeshGrains.Grains.Tests;

/// <summary>Bytes that differ from call to call and are the same in every run.</summary>
internal sealed class FixedRandom(byte seed = 1) : IRandomSource
{
    private byte _next = seed;

    public void Fill(Span<byte> bytes)
    {
        foreach (ref var value in bytes)
        {
            value = _next++;
        }
    }
}
