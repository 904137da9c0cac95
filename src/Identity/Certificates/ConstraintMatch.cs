using System.Text;

namespace MeshGrains.Identity;

/// <summary>Whether a name lies in a subtree, by kind (RFC 5280 section 4.2.1.10). ASCII letters compare without case.</summary>
internal static class ConstraintMatch
{
    /// <summary>A host is matched exactly; with a leading dot any host below it, but not itself. Null for a URI without a host name.</summary>
    public static bool? Uri(ReadOnlySpan<byte> tree, ReadOnlySpan<byte> uri)
    {
        var host = HostOf(uri);
        if (host.IsEmpty)
        {
            return null;
        }

        return tree.StartsWith((byte)'.') ? host.Length > tree.Length && EndsWith(host, tree) : Ascii.EqualsIgnoreCase(host, tree);
    }

    /// <summary>A name is matched by itself and by anything with labels added on its left; the empty subtree holds every name.</summary>
    public static bool Dns(ReadOnlySpan<byte> tree, ReadOnlySpan<byte> name)
    {
        if (tree.IsEmpty || Ascii.EqualsIgnoreCase(tree, name))
        {
            return true;
        }

        return name.Length > tree.Length && EndsWith(name, tree) && (tree[0] == '.' || name[^(tree.Length + 1)] == '.');
    }

    /// <summary>The subtree is an address and a mask, each of the address's own length.</summary>
    public static bool Ip(ReadOnlySpan<byte> tree, ReadOnlySpan<byte> address)
    {
        if (tree.Length != 2 * address.Length)
        {
            return false;
        }

        for (var i = 0; i < address.Length; i++)
        {
            var mask = tree[address.Length + i];
            if ((tree[i] & mask) != (address[i] & mask))
            {
                return false;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> HostOf(ReadOnlySpan<byte> uri)
    {
        var scheme = uri.IndexOf("://"u8);
        if (scheme < 0)
        {
            return default;
        }

        var authority = uri[(scheme + 3)..];
        var end = authority.IndexOfAny((byte)'/', (byte)'?', (byte)'#');
        authority = end < 0 ? authority : authority[..end];
        authority = authority[(authority.LastIndexOf((byte)'@') + 1)..];
        var port = authority.LastIndexOf((byte)':');
        return port < 0 ? authority : authority[..port];
    }

    private static bool EndsWith(ReadOnlySpan<byte> name, ReadOnlySpan<byte> tail) => Ascii.EqualsIgnoreCase(name[^tail.Length..], tail);
}
