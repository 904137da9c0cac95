using System.Net;

namespace MeshGrains.Gateway;

/// <summary>Reads <c>127.0.0.1:8443</c>, <c>[::1]:0</c> and <c>localhost:8443</c>. The port is never left out.</summary>
internal static class ListenAddress
{
    public static bool TryParse(string text, out IPEndPoint endPoint)
    {
        if (text.StartsWith("localhost:", StringComparison.OrdinalIgnoreCase))
        {
            text = string.Concat("127.0.0.1:", text.AsSpan("localhost:".Length));
        }

        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        var colon = text.LastIndexOf(':');
        // A bare IPv6 address would take its last group for a port.
        if (colon <= 0 || (text.AsSpan(0, colon).Contains(':') && text[colon - 1] != ']')
            || !IPEndPoint.TryParse(text, out var parsed))
        {
            return false;
        }

        endPoint = parsed;
        return true;
    }
}
