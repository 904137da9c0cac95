using System.Net;
using MeshGrains.Identity;

namespace MeshGrains.Gateway.Relay;

/// <summary>The other side of a relay link, as its bootstrap certificate names it. <paramref name="Until"/> is the earliest end in its chain.</summary>
internal sealed record RelayPeer(
    string Role, string Name, DateTimeOffset Until, IReadOnlyList<string> DnsNames, IReadOnlyList<IPAddress> IpAddresses)
{
    public bool IsGateway => Role == BootstrapNames.GatewayRole;
}
