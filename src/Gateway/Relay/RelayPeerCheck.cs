using System.Security.Cryptography.X509Certificates;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.Extensions.Options;

namespace MeshGrains.Gateway.Relay;

/// <summary>
/// Judges bootstrap certificates on relay links by our own validator, against the bootstrap anchors alone. An expired, a workload's and a foreign
/// certificate are nobody's; which roles are let in is the caller's to say.
/// </summary>
internal sealed class RelayPeerCheck(IRelayCredentials credentials, MeshScope scope, IOptions<SvidOptions> svids, TimeProvider time)
{
    private readonly X509SvidValidationOptions _tolerance = new() { ClockSkew = svids.Value.ClockSkew };

    /// <summary>A peer that may relay to this silo: a gateway, or another silo.</summary>
    public (RelayPeer? Peer, string? Error) Client(X509Certificate? leaf, X509Chain? chain) => Judge(leaf, chain, gatewayToo: true);

    /// <summary>A silo, as the far end of a link.</summary>
    public (RelayPeer? Peer, string? Error) Server(X509Certificate? leaf, X509Chain? chain) => Judge(leaf, chain, gatewayToo: false);

    private (RelayPeer? Peer, string? Error) Judge(X509Certificate? leaf, X509Chain? chain, bool gatewayToo)
    {
        if (leaf is null)
        {
            return (null, "it showed no certificate");
        }

        var ders = PresentedChain.Of(leaf, chain);
        var validation = X509SvidValidator.Validate(
            ders[0], [.. ders.Skip(1).Select(der => (ReadOnlyMemory<byte>)der)], credentials.Current.Anchors, time.GetUtcNow(), _tolerance);
        if (!validation.IsValid)
        {
            return (null, $"{validation.Refusal}: {validation.Error}");
        }

        if (!BootstrapNames.TryReadRelayPeer(validation.Id, scope.TrustDomain.Name, out var role, out var name))
        {
            return (null, $"'{validation.Id}' is no gateway or silo of {scope.TrustDomain.Name}");
        }

        if (role == BootstrapNames.GatewayRole && !gatewayToo)
        {
            return (null, $"'{validation.Id}' is a gateway, not a silo");
        }

        var own = validation.Path[0];
        return (new RelayPeer(role, name, validation.Path.Min(certificate => certificate.NotAfter), own.DnsNames, own.IpAddresses), null);
    }
}
