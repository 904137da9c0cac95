using System.Buffers.Binary;
using System.Text;

namespace MeshGrains.Storage;

/// <summary>
/// An entry's id as a path of blob names: its UTF-8 bytes in hex, two bytes a segment, an end mark of zeroes. All segments are four digits long, so
/// that paths are in the order of the ids and each folder is a range of them.
/// </summary>
internal static class EntryIdPath
{
    /// <summary>Longest id in bytes of UTF-8; longer ones make names that a blob store does not take.</summary>
    public const int MaxIdBytes = 256;

    /// <summary>Null when the id is empty, too long, or holds a zero.</summary>
    public static string? TryOf(string id) => id.Length is > 0 and <= MaxIdBytes && Encoding.UTF8.GetByteCount(id) <= MaxIdBytes && !id.Contains('\0') ? Of(id) : null;

    public static string Of(string id)
    {
        var bytes = Encoding.UTF8.GetBytes(id + "\0");
        var path = new StringBuilder(bytes.Length * 3);
        for (var i = 0; i < bytes.Length; i += 2)
        {
            path.Append(i == 0 ? "" : "/").Append(Convert.ToHexStringLower([bytes[i], i + 1 < bytes.Length ? bytes[i + 1] : (byte)0]));
        }

        return path.ToString();
    }

    /// <summary>The id of a path; null when it is none.</summary>
    public static string? Parse(string path)
    {
        var segments = path.Split('/');
        var bytes = new byte[segments.Length * 2];
        for (var i = 0; i < segments.Length; i++)
        {
            if (segments[i].Length != 4 || !ushort.TryParse(segments[i], System.Globalization.NumberStyles.AllowHexSpecifier, null, out var pair))
            {
                return null;
            }

            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(i * 2), pair);
        }

        var id = Encoding.UTF8.GetString(bytes.AsSpan().TrimEnd((byte)0));
        return TryOf(id) == path ? id : null;
    }
}
