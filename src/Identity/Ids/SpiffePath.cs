namespace MeshGrains.Identity;

/// <summary>The path of a SPIFFE ID (SPIFFE-ID section 2.2): "" or segments of a-z, A-Z, 0-9, '.', '-' and '_', each led by a slash.</summary>
public static class SpiffePath
{
    /// <summary>Why <paramref name="path"/> is not a path; null when it is one.</summary>
    public static string? Check(ReadOnlySpan<char> path)
    {
        if (path.IsEmpty)
        {
            return null;
        }

        if (path[0] != '/')
        {
            return "A path starts with '/'.";
        }

        var rest = path[1..];
        while (true)
        {
            var slash = rest.IndexOf('/');
            var error = CheckSegment(slash < 0 ? rest : rest[..slash]);
            if (error is not null || slash < 0)
            {
                return error;
            }

            rest = rest[(slash + 1)..];
        }
    }

    /// <summary>Why <paramref name="segment"/> (without slashes) is not a path segment; null when it is one.</summary>
    public static string? CheckSegment(ReadOnlySpan<char> segment)
    {
        if (segment.IsEmpty)
        {
            return "A path must not hold an empty segment nor end with '/'.";
        }

        if (segment is "." or "..")
        {
            return "A path must not hold the segment '.' or '..'.";
        }

        foreach (var c in segment)
        {
            if (!IsSegmentCharacter(c))
            {
                return $"A path segment consists of a-z, A-Z, 0-9, '.', '-' and '_'; character U+{(int)c:X4} is not allowed.";
            }
        }

        return null;
    }

    private static bool IsSegmentCharacter(char c)
        => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '.' or '-' or '_';
}
