using System.Text.Json;
using MeshGrains.Grains;
using Orleans;

namespace MeshGrains.Storage.Tests;

/// <summary>A state that bears trust.</summary>
internal sealed record Trusted(string Value);

/// <summary>A state that bears none.</summary>
internal sealed record Plain(int Number);

/// <summary>A grain's record in memory.</summary>
internal sealed class Cell<T> : IGrainState<T>
{
    public T? State { get; set; }

    public string? ETag { get; set; }

    public bool RecordExists { get; set; }
}

/// <summary>Plain JSON for the two states.</summary>
internal sealed class TestCodec : IStateCodec
{
    public byte[] Encode<T>(T state) => JsonSerializer.SerializeToUtf8Bytes(state);

    public T Decode<T>(ReadOnlyMemory<byte> bytes) => JsonSerializer.Deserialize<T>(bytes.Span)!;

    public T Empty<T>() => typeof(T) == typeof(Trusted) ? (T)(object)new Trusted("empty") : (T)(object)new Plain(0);

    public bool IsTrustBearing<T>() => typeof(T) == typeof(Trusted);
}
