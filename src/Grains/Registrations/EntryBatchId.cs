using System.Globalization;

namespace MeshGrains.Grains;

/// <summary>Ids of entries that were created together: the batch's own id, a dash, and the number in it as four hex digits.</summary>
public static class EntryBatchId
{
    /// <summary>Length of a batch's own id, 128 bits in lowercase hex.</summary>
    public const int BatchChars = 32;

    public static string Of(string batch, int number) => string.Create(CultureInfo.InvariantCulture, $"{batch}-{(ushort)number:x4}");

    /// <summary>False for the id of an entry that was created by itself.</summary>
    public static bool TryParse(string id, out string batch, out int number)
    {
        ArgumentNullException.ThrowIfNull(id);
        (batch, number) = ("", 0);
        if (id.Length != BatchChars + 5 || id.LastIndexOf('-') != BatchChars || id.IndexOf('-', StringComparison.Ordinal) != BatchChars
            || !id.All(c => char.IsAsciiHexDigitLower(c) || c == '-') || !ushort.TryParse(id.AsSpan(BatchChars + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var parsed))
        {
            return false;
        }

        (batch, number) = (id[..BatchChars], parsed);
        return true;
    }
}
