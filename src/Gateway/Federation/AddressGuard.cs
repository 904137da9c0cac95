using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Gateway.Federation;

/// <summary>
/// Which addresses a fetch may reach. What an operator states may lie in a private network; what a foreign endpoint redirects to may lie there only if the
/// stated endpoint does. A machine's metadata service, and what no endpoint can have, is never reached.
/// </summary>
internal static class AddressGuard
{
    /// <summary>Null when it may be reached, else why not.</summary>
    /// <param name="address">Where a name led to.</param>
    /// <param name="redirectFrom">The stated endpoint's address; null for that one itself.</param>
    public static string? Check(IPAddress address, IPAddress? redirectFrom) =>
        IsForbidden(address) ? $"{address} is an address that no bundle endpoint has"
            : redirectFrom is not null && IsPrivate(address) && !IsPrivate(redirectFrom) ? $"{address} is private, and the endpoint that redirects there is not"
            : null;

    internal static bool IsForbidden(IPAddress address)
    {
        var plain = Plain(address);
        if (plain.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return plain.IsIPv6LinkLocal || plain.IsIPv6Multicast || plain.Equals(IPAddress.IPv6Any);
        }

        var b = plain.GetAddressBytes();
        // The last one is Azure's own service to its machines.
        return b[0] == 0 || b[0] >= 224 || (b[0], b[1]) == (169, 254) || plain.Equals(new IPAddress([168, 63, 129, 16]));
    }

    internal static bool IsPrivate(IPAddress address)
    {
        var plain = Plain(address);
        if (IPAddress.IsLoopback(plain))
        {
            return true;
        }

        var b = plain.GetAddressBytes();
        return plain.AddressFamily == AddressFamily.InterNetworkV6
            ? plain.IsIPv6SiteLocal || (b[0] & 0xFE) == 0xFC
            : b[0] == 10 || (b[0] == 172 && (b[1] & 0xF0) == 16) || (b[0], b[1]) == (192, 168) || (b[0] == 100 && (b[1] & 0xC0) == 64);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
