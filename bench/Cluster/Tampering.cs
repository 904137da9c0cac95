namespace MeshGrains.Bench;

/// <summary>What attackers with a store in their hands do to bytes.</summary>
internal static class Tampering
{
    /// <summary>One bit in the last quarter, where a record's content is.</summary>
    public static byte[] Edited(byte[] content)
    {
        byte[] edited = [.. content];
        edited[content.Length - 1 - (content.Length / 8)] ^= 1;
        return edited;
    }

    /// <summary>Without the last third.</summary>
    public static byte[] Truncated(byte[] content) => content[..(content.Length * 2 / 3)];
}
