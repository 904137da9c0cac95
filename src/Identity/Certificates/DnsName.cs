namespace MeshGrains.Identity;

/// <summary>DNS names as certificates of ours carry them: lower- or upper-case labels of letters, digits, '-' and '_'; no wildcard, no trailing dot.</summary>
public static class DnsName
{
    /// <summary>The longest name, in characters (RFC 1035 section 2.3.4).</summary>
    public const int MaxLength = 253;

    private const int MaxLabelLength = 63;

    public static bool IsValid(string? name)
    {
        if (string.IsNullOrEmpty(name) || name.Length > MaxLength)
        {
            return false;
        }

        var label = 0;
        for (var i = 0; i < name.Length; i++)
        {
            var c = name[i];
            if (c == '.')
            {
                if (label == 0 || name[i - 1] == '-')
                {
                    return false;
                }

                label = 0;
            }
            else if ((!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')) || (c == '-' && label == 0) || ++label > MaxLabelLength)
            {
                return false;
            }
        }

        return label > 0 && name[^1] != '-';
    }
}
