using System.Globalization;
using System.Net;

namespace MeshGrains.Silo;

/// <summary>One <c>host:port</c> of <c>clustering.redis</c>; an IPv6 address stands in brackets.</summary>
internal sealed record RedisAddress(string Host, int Port)
{
    public bool IsLoopback => Host == "localhost" || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    public static bool TryParse(string text, out RedisAddress address)
    {
        address = new RedisAddress("", 0);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
        {
            return false;
        }

        var host = text[..colon];
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        address = new RedisAddress(bracketed ? host[1..^1] : host, port);
        return Uri.CheckHostName(address.Host) switch
        {
            UriHostNameType.IPv6 => bracketed,
            UriHostNameType.Dns or UriHostNameType.IPv4 => !bracketed,
            _ => false,
        };
    }
}
