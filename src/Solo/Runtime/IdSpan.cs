using System.Buffers.Binary;
using System.Text;
using Orleans.Solo;

namespace Orleans.Runtime;

/// <summary>One half of a grain's identity.</summary>
public readonly struct IdSpan : IEquatable<IdSpan>
{
    private readonly string? _text;

    private IdSpan(string text) => _text = text;

    public bool IsDefault => string.IsNullOrEmpty(_text);

    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new(id);
    }

    public static bool operator ==(IdSpan left, IdSpan right) => left.Equals(right);

    public static bool operator !=(IdSpan left, IdSpan right) => !left.Equals(right);

    public bool Equals(IdSpan obj) => string.Equals(_text, obj._text, StringComparison.Ordinal);

    public override bool Equals(object? obj) => obj is IdSpan other && Equals(other);

    public override int GetHashCode() => _text is null ? 0 : string.GetHashCode(_text, StringComparison.Ordinal);

    /// <summary>The same number in every process and on either host: XXH32 of the UTF-8 bytes, its own bytes reversed. Zero for none.</summary>
    public uint GetUniformHashCode() => _text is null ? 0 : BinaryPrimitives.ReverseEndianness(XxHash32.Hash(Encoding.UTF8.GetBytes(_text)));

    public override string ToString() => _text ?? "";
}
