using System.Diagnostics.CodeAnalysis;

namespace MeshGrains.Identity;

/// <summary>Reads PEM blocks (RFC 7468) one after another, in time linear in the text.</summary>
internal static class PemReader
{
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";
    private const int MaxLabelChars = 64;

    /// <summary>
    /// Reads the block that starts at the next thing that is not white space, and moves <paramref name="rest"/> behind it.
    /// At the end of the text, false with a null error.
    /// </summary>
    public static bool TryReadBlock(
        ref ReadOnlySpan<char> rest, [NotNullWhen(true)] out string? label, [NotNullWhen(true)] out byte[]? content, out string? error)
    {
        (label, content, error) = (null, null, null);
        rest = rest.TrimStart();
        if (rest.IsEmpty)
        {
            return false;
        }

        if (!rest.StartsWith(Begin, StringComparison.Ordinal))
        {
            error = "There is text that is no PEM block.";
            return false;
        }

        var afterBegin = rest[Begin.Length..];
        var labelEnd = afterBegin[..Math.Min(afterBegin.Length, MaxLabelChars + Dashes.Length)].IndexOf(Dashes, StringComparison.Ordinal);
        if (labelEnd < 0)
        {
            error = "A PEM block's first line is not '-----BEGIN label-----'.";
            return false;
        }

        var found = afterBegin[..labelEnd].ToString();
        var body = afterBegin[(labelEnd + Dashes.Length)..];
        var bodyEnd = body.IndexOf(Dashes, StringComparison.Ordinal);
        var footer = $"{End}{found}{Dashes}";
        if (bodyEnd < 0 || !body[bodyEnd..].StartsWith(footer, StringComparison.Ordinal))
        {
            error = $"A PEM block does not end with its '{footer}'.";
            return false;
        }

        var buffer = new byte[bodyEnd];
        if (!Convert.TryFromBase64Chars(body[..bodyEnd], buffer, out var written) || written == 0)
        {
            error = "A PEM block does not hold base64.";
            return false;
        }

        rest = body[(bodyEnd + footer.Length)..];
        label = found;
        content = buffer.AsSpan(0, written).ToArray();
        return true;
    }
}
