using System.Globalization;

namespace MeshGrains.Gateway.Relay;

/// <summary>Relay addresses of silos: <c>silo-1.mesh.svc:8444</c>, <c>10.0.0.7:8444</c>, <c>[fd00::7]:8444</c>.</summary>
internal static class RelayAddress
{
    /// <summary>So many silos one relay knows; what lies beyond is left out.</summary>
    public const int MostSilos = 512;

    private const int MaxHostChars = 253;

    public static bool TryParse(string text, out string host, out int port)
    {
        (host, port) = ("", 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65_535)
        {
            return false;
        }

        host = text[..colon];
        if (host is ['[', .. var inner, ']'])
        {
            host = inner;
        }
        else if (host.Contains(':', StringComparison.Ordinal))
        {
            return false;
        }

        return host.Length <= MaxHostChars && Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6;
    }
}
