using System.Buffers.Binary;

namespace MeshGrains.Storage;

/// <summary>
/// The identities of entries that were created together, by their numbers, in the one blob that their ids share: "MGI1", then for each a number of two
/// bytes and a SHA-256. No trust lies in it.
/// </summary>
internal static class EntryIdBatch
{
    private const int HashBytes = 32;
    private const int ItemBytes = 2 + HashBytes;

    private static ReadOnlySpan<byte> Magic => "MGI1"u8;

    public static byte[] Write(IReadOnlyCollection<(int Number, string Identity)> entries)
    {
        var bytes = new byte[Magic.Length + (entries.Count * ItemBytes)];
        Magic.CopyTo(bytes);
        var at = bytes.AsSpan(Magic.Length);
        foreach (var (number, identity) in entries)
        {
            BinaryPrimitives.WriteUInt16BigEndian(at, (ushort)number);
            Convert.FromHexString(identity).CopyTo(at[2..]);
            at = at[ItemBytes..];
        }

        return bytes;
    }

    /// <summary>In the order of the numbers; nothing of what is no such blob.</summary>
    public static SortedDictionary<int, string> Read(ReadOnlySpan<byte> bytes)
    {
        var entries = new SortedDictionary<int, string>();
        if (!bytes.StartsWith(Magic))
        {
            return entries;
        }

        for (var at = bytes[Magic.Length..]; at.Length >= ItemBytes; at = at[ItemBytes..])
        {
            entries[BinaryPrimitives.ReadUInt16BigEndian(at)] = Convert.ToHexStringLower(at[2..ItemBytes]);
        }

        return entries;
    }
}
