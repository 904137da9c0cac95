namespace MeshGrains.Grains;

/// <summary>
/// Our own versioned encoding of grain state, identical on both hosts: an envelope with the state's name and format version around UTF-8 JSON.
/// A reader takes every version it knows and refuses a newer one with a clear error.
/// </summary>
public interface IStateCodec
{
    byte[] Encode<T>(T state);

    /// <exception cref="StateFormatException">The bytes are of another state, of a newer format, or malformed.</exception>
    T Decode<T>(ReadOnlyMemory<byte> bytes);

    /// <summary>A fresh, empty state, as a grain sees it when nothing is stored.</summary>
    T Empty<T>();

    /// <summary>Whether records of this state are authenticated: true for whatever bears trust.</summary>
    bool IsTrustBearing<T>();
}
