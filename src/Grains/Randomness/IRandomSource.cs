namespace MeshGrains.Grains;

/// <summary>Where serials, tokens, operation ids and jitter come from; injected, so that tests can decide.</summary>
public interface IRandomSource
{
    void Fill(Span<byte> bytes);
}
