namespace MeshGrains.Agent;

/// <summary>File modes as people write them: octal, <c>0640</c>.</summary>
internal static class FileModes
{
    public static bool TryParse(string text, out UnixFileMode mode)
    {
        mode = UnixFileMode.None;
        if (text.Length is < 3 or > 4 || text.Any(digit => digit is < '0' or > '7') || (text.Length == 4 && text[0] != '0'))
        {
            return false;
        }

        mode = (UnixFileMode)Convert.ToInt32(text, 8);
        return true;
    }
}
