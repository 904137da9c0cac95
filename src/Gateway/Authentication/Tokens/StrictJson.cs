using System.Text.Json;

namespace MeshGrains.Gateway;

internal static class StrictJson
{
    public static readonly JsonReaderOptions Options = new() { MaxDepth = 8, CommentHandling = JsonCommentHandling.Disallow };

    /// <summary>
    /// Whether the value is a string of printable ASCII without escapes, 1 to <paramref name="maxLength"/> bytes. API servers write every
    /// claim that decides anything this way; whatever else turns up has been made up.
    /// </summary>
    public static bool IsPlainText(ref Utf8JsonReader reader, int maxLength)
        => reader.TokenType == JsonTokenType.String
            && !reader.ValueIsEscaped
            && reader.ValueSpan.Length >= 1
            && reader.ValueSpan.Length <= maxLength
            && !reader.ValueSpan.ContainsAnyExceptInRange((byte)0x21, (byte)0x7e);
}
