using System.Net;
using System.Net.Sockets;

namespace MeshGrains.Silo;

/// <summary>Where a silo listens for other silos, and what it tells them.</summary>
/// <param name="Listen">The address to bind; port 0 until <see cref="WithPort"/>.</param>
/// <param name="Advertised">What other silos dial.</param>
internal sealed record SiloAddressing(IPEndPoint Listen, IPEndPoint Advertised)
{
    /// <summary>Reads both keys; the error says what to do.</summary>
    public static string? TryParse(ClusteringOptions options, out SiloAddressing? addressing)
    {
        addressing = null;
        if (!TryEndPoint(options.Listen, out var listen))
        {
            return $"clustering.listen: '{options.Listen}' is not address:port; write one such as 10.0.0.5:11111 or 0.0.0.0:11111.";
        }

        if (options.Advertise.Length == 0)
        {
            addressing = new SiloAddressing(listen, listen);
            return listen.Address.Equals(IPAddress.Any) || listen.Address.Equals(IPAddress.IPv6Any)
                ? $"clustering.listen is {options.Listen}, which no other silo can dial. Set clustering.advertise to this machine's IP address."
                : null;
        }

        // A port is looked for first: IPAddress would read [::1]:11111 too, and drop it.
        if (TryEndPoint(options.Advertise, out var advertised))
        {
            if (advertised.Port == 0 || listen.Port == 0)
            {
                return "clustering.advertise and clustering.listen must both name their port, or clustering.advertise only an IP address.";
            }
        }
        else if (IPAddress.TryParse(options.Advertise, out var address))
        {
            advertised = new IPEndPoint(address, listen.Port);
        }
        else
        {
            return $"clustering.advertise: '{options.Advertise}' is neither an IP address nor IP:port. Names are not taken: a silo is known by its address. In Kubernetes, give it the pod's IP.";
        }

        if (advertised.Address.Equals(IPAddress.Any) || advertised.Address.Equals(IPAddress.IPv6Any))
        {
            return $"clustering.advertise is {options.Advertise}, which no other silo can dial. Give this machine's IP address.";
        }

        addressing = new SiloAddressing(listen, advertised);
        return null;
    }

    /// <summary>The same with a port that is free now, where none was given. Another process may take it before it is bound.</summary>
    public SiloAddressing WithPort()
    {
        if (Listen.Port != 0)
        {
            return this;
        }

        using var probe = new Socket(Listen.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(Listen);
        var port = ((IPEndPoint)probe.LocalEndPoint!).Port;
        return new SiloAddressing(new IPEndPoint(Listen.Address, port), new IPEndPoint(Advertised.Address, port));
    }

    private static bool TryEndPoint(string text, out IPEndPoint endPoint)
    {
        endPoint = new IPEndPoint(IPAddress.Loopback, 0);
        var colon = text.LastIndexOf(':');

        // A bare IPv6 address would take its last group for a port.
        if (colon <= 0 || (text.AsSpan(0, colon).Contains(':') && text[colon - 1] != ']') || !IPEndPoint.TryParse(text, out var parsed))
        {
            return false;
        }

        endPoint = parsed;
        return true;
    }
}
