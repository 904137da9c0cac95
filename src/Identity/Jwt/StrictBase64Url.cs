using System.Buffers;
using System.Buffers.Text;

namespace MeshGrains.Identity;

/// <summary>
/// Base64url without padding as RFC 7515 section 2 wants it, and nothing else: no padding, no white space, no bits left over, so that
/// one value has one spelling.
/// </summary>
public static class StrictBase64Url
{
    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <param name="text">The encoded bytes.</param>
    /// <param name="destination">Room for <see cref="MaxLength"/> bytes.</param>
    /// <param name="written">How many bytes came out.</param>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination, out int written)
    {
        written = 0;
        var rest = text.Length & 3;
        if (rest == 1 || text.ContainsAnyExcept(Alphabet) || (rest != 0 && (Value(text[^1]) & (rest == 2 ? 0x0f : 0x03)) != 0))
        {
            return false;
        }

        return Base64Url.TryDecodeFromChars(text, destination, out written);
    }

    /// <summary>Room that so many characters need at most, in bytes.</summary>
    public static int MaxLength(int characters) => (characters / 4 * 3) + 3;

    private static int Value(char c) => c switch
    {
        >= 'A' and <= 'Z' => c - 'A',
        >= 'a' and <= 'z' => c - 'a' + 26,
        >= '0' and <= '9' => c - '0' + 52,
        '-' => 62,
        _ => 63,
    };
}
