using System.Collections;
using MeshGrains.Rpc.Wire;

namespace MeshGrains.Rpc;

/// <summary>
/// Headers or trailers of a call, in order; a key may occur more than once. Keys are lower case; those that end in <c>-bin</c> carry bytes.
/// </summary>
public sealed class RpcMetadata : IEnumerable<RpcMetadataEntry>
{
    private readonly List<RpcMetadataEntry> _entries = [];

    public int Count => _entries.Count;

    /// <summary>Adds a text entry.</summary>
    /// <exception cref="ArgumentException">A key outside <c>[0-9a-z_.-]</c>, reserved for the protocol or ending in <c>-bin</c>; or a value that is not printable ASCII.</exception>
    public void Add(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        key = MetadataNames.Check(key, binary: false);
        if (!MetadataNames.IsPrintable(value))
        {
            throw new ArgumentException($"The value of '{key}' is not printable ASCII; use a key that ends in '-bin' for anything else.", nameof(value));
        }

        _entries.Add(new RpcMetadataEntry(key, value));
    }

    /// <summary>Adds a binary entry.</summary>
    /// <exception cref="ArgumentException">A key outside <c>[0-9a-z_.-]</c>, reserved for the protocol or not ending in <c>-bin</c>.</exception>
    public void Add(string key, byte[] value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _entries.Add(new RpcMetadataEntry(MetadataNames.Check(key, binary: true), value));
    }

    /// <summary>The last text under this key; null when there is none.</summary>
    public string? Get(string key)
    {
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Text is { } text && string.Equals(_entries[i].Key, key, StringComparison.OrdinalIgnoreCase))
            {
                return text;
            }
        }

        return null;
    }

    /// <summary>The last bytes under this key; null when there are none.</summary>
    public byte[]? GetBinary(string key)
    {
        for (int i = _entries.Count - 1; i >= 0; i--)
        {
            if (_entries[i].Binary is { } binary && string.Equals(_entries[i].Key, key, StringComparison.OrdinalIgnoreCase))
            {
                return binary;
            }
        }

        return null;
    }

    /// <summary>Every entry under this key, in order.</summary>
    public IEnumerable<RpcMetadataEntry> GetAll(string key) =>
        _entries.Where(entry => string.Equals(entry.Key, key, StringComparison.OrdinalIgnoreCase));

    public IEnumerator<RpcMetadataEntry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Adds what came off the wire, or what the protocol itself writes; the key is trusted to be lower case.</summary>
    internal void AddReserved(string key, string value) => _entries.Add(new RpcMetadataEntry(key, value));

    /// <inheritdoc cref="AddReserved(string, string)"/>
    internal void AddReserved(string key, byte[] value) => _entries.Add(new RpcMetadataEntry(key, value));
}
