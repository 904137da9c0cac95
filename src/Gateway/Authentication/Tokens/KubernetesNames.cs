namespace MeshGrains.Gateway;

/// <summary>
/// Names as Kubernetes allows them. They end up in SPIFFE paths and log lines, so an issuer that signs anything else is not believed.
/// </summary>
internal static class KubernetesNames
{
    /// <summary>A DNS label of RFC 1123: at most 63 of a-z, 0-9 and inner hyphens (namespaces).</summary>
    public static bool IsLabel(ReadOnlySpan<byte> name) => name.Length is > 0 and <= 63 && IsSubdomain(name) && !name.Contains((byte)'.');

    /// <summary>A DNS subdomain of RFC 1123: at most 253 (service accounts, pods, nodes).</summary>
    public static bool IsSubdomain(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > 253)
        {
            return false;
        }

        var edge = true;
        foreach (var c in name)
        {
            var alphanumeric = c is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9');
            if (!alphanumeric && (edge || c is not ((byte)'-' or (byte)'.')))
            {
                return false;
            }

            // After a dot a new label begins, and a label begins and ends with a letter or digit.
            edge = c == (byte)'.' || (edge && !alphanumeric);
        }

        return name[^1] is not ((byte)'-' or (byte)'.') && name.IndexOf("-."u8) < 0;
    }

    /// <summary>A UID: at most 64 letters, digits and hyphens (an RFC 4122 UUID in practice).</summary>
    public static bool IsUid(ReadOnlySpan<byte> uid)
    {
        if (uid.Length is 0 or > 64)
        {
            return false;
        }

        foreach (var c in uid)
        {
            if (c != (byte)'-' && !char.IsAsciiLetterOrDigit((char)c))
            {
                return false;
            }
        }

        return true;
    }
}
