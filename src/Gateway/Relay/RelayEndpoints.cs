using System.Net;
using MeshGrains.Gateway.Rest;
using MeshGrains.Gateway.Serving;
using MeshGrains.Grains;
using MeshGrains.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Relay;

/// <summary>What gateways, and silos without an issuing CA, ask silos for themselves, on the relay listener alone: their serving certificate.</summary>
internal sealed class RelayEndpoints(IGatewayCertificateIssuer issuer, ILogger<RelayEndpoints> logger)
{
    public const string CertificatePath = "/internal/v1/gateway-certificate";

    private const int MaxNames = 64;

    private static readonly Refusal PeersOnly = new(RefusalCode.PermissionDenied, "not_a_peer", "Only a gateway or a silo is given such a certificate.");

    public void Map(IEndpointRouteBuilder endpoints) =>
        endpoints.MapMethods(CertificatePath, ["POST"], CertifyAsync).WithMetadata(Access.Open(ListenerKinds.Relay));

    private async Task CertifyAsync(HttpContext http)
    {
        if (ConnectionOrigin.Of(http)?.RelayPeer is not { } peer)
        {
            await ProblemWriter.WriteAsync(http, PeersOnly);
            return;
        }

        var body = await RestCall.ReadAsync(http, RelayJson.Default.GatewayCertificateBody);
        var request = Read(body, peer);
        var issued = await issuer.IssueAsync(request, http.RequestAborted);
        RelayLog.GatewayCertified(logger, peer.Name, issued.Serial, issued.SpiffeId, issued.NotAfter);
        await RestCall.WriteAsync(http, RelayJson.Default.GatewayCertificate, issued);
    }

    private static GatewayCertificateRequest Read(GatewayCertificateBody body, RelayPeer peer)
    {
        if (!CertificateSigningRequest.TryRead(body.Csr, out var csr, out var error))
        {
            throw RestCall.Invalid("csr_malformed", $"'csr': {error}");
        }

        if (!csr.VerifyProofOfPossession())
        {
            throw RestCall.Invalid("csr_proof", "The certificate request is not signed with the private key of its own public key.");
        }

        if (body.DnsNames.Count > MaxNames || body.IpAddresses.Count > MaxNames)
        {
            throw RestCall.Invalid("names_too_many", $"At most {MaxNames} names of a kind are taken.");
        }

        // Whoever runs the bootstrap CA decided which names a gateway stands for; a stolen one gets no others. A silo may have an issuing CA for the asking.
        var dns = body.DnsNames.FirstOrDefault(name => peer.IsGateway && name != "localhost" && !peer.DnsNames.Contains(name, StringComparer.OrdinalIgnoreCase));
        if (dns is not null)
        {
            throw RestCall.Invalid("name_not_allowed", $"The gateway's bootstrap certificate does not name '{dns}'; issue it anew with 'meshctl bootstrap issue --dns'.");
        }

        var addresses = new List<IPAddress>();
        foreach (var text in body.IpAddresses)
        {
            if (!IPAddress.TryParse(text, out var address) || !(!peer.IsGateway || IPAddress.IsLoopback(address) || peer.IpAddresses.Contains(address)))
            {
                throw RestCall.Invalid("name_not_allowed", $"The gateway's bootstrap certificate does not name the address '{text}'; issue it anew with 'meshctl bootstrap issue --ip'.");
            }

            addresses.Add(address);
        }

        return new GatewayCertificateRequest(csr.SubjectPublicKeyInfo, body.DnsNames, addresses) { Gateway = peer.IsGateway ? peer.Name : null };
    }
}
