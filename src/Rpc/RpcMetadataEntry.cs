namespace MeshGrains.Rpc;

/// <summary>One metadata entry: text, or bytes where the key ends in <c>-bin</c>.</summary>
public readonly struct RpcMetadataEntry
{
    private readonly object _value;

    internal RpcMetadataEntry(string key, string text)
    {
        Key = key;
        _value = text;
    }

    internal RpcMetadataEntry(string key, byte[] binary)
    {
        Key = key;
        _value = binary;
    }

    /// <summary>Lower case.</summary>
    public string Key { get; }

    public bool IsBinary => _value is byte[];

    /// <summary>The text; null for a binary entry.</summary>
    public string? Text => _value as string;

    /// <summary>The bytes; null for a text entry.</summary>
    public byte[]? Binary => _value as byte[];

    /// <summary>The key alone: a value may be a secret and belongs into no log.</summary>
    public override string ToString() => Key;
}
