using System.Buffers.Binary;
using MeshGrains.Grains;

namespace MeshGrains.Storage;

/// <summary>
/// A record as its blob's bytes: <c>"MGB1" ‖ flags ‖ version, 8 bytes big-endian ‖ tag, 32 bytes where flag 2 is set ‖ content</c>. Flag 1: there is
/// content; without it the record was deleted and its version lives on.
/// </summary>
internal static class BlobFrame
{
    private const byte HasContent = 1;
    private const byte HasTag = 2;
    private const int HeaderLength = 13;

    private static ReadOnlySpan<byte> Magic => "MGB1"u8;

    /// <exception cref="InvalidOperationException">The record is too large to be read again.</exception>
    public static byte[] Write(StoredRecord record)
    {
        var bytes = new byte[HeaderLength + record.Tag.Length + (record.Content?.Length ?? 0)];
        if (bytes.Length > BlobSizePolicy.MaxBytes)
        {
            throw new InvalidOperationException($"{record.Key}: a record of {bytes.Length} bytes is larger than a blob store takes ({BlobSizePolicy.MaxBytes}).");
        }

        Magic.CopyTo(bytes);
        bytes[4] = (byte)((record.Content is null ? 0 : HasContent) | (record.Tag.Length == 0 ? 0 : HasTag));
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(5), record.Version);
        record.Tag.CopyTo(bytes, HeaderLength);
        record.Content?.CopyTo(bytes, HeaderLength + record.Tag.Length);
        return bytes;
    }

    /// <summary>Reads what is there without believing it; a tag is for the caller to verify.</summary>
    /// <exception cref="RecordTamperedException">The bytes are none of this form.</exception>
    public static StoredRecord Read(string key, ReadOnlySpan<byte> bytes)
    {
        var flags = bytes.Length > HeaderLength - 1 && bytes.StartsWith(Magic) ? bytes[4] : byte.MaxValue;
        var tagLength = (flags & HasTag) == 0 ? 0 : IRecordAuthenticator.TagLength;
        var content = HeaderLength + tagLength;
        if (flags > (HasContent | HasTag) || bytes.Length < content || ((flags & HasContent) == 0 && bytes.Length > content))
        {
            throw new RecordTamperedException(key, "its blob is no record of this product: cut off, overwritten, or of another version.");
        }

        return new StoredRecord(
            key, BinaryPrimitives.ReadInt64BigEndian(bytes[5..]), (flags & HasContent) == 0 ? null : bytes[content..].ToArray(),
            bytes[HeaderLength..content].ToArray());
    }
}
