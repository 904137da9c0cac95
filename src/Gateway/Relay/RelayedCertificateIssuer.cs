using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using MeshGrains.Gateway.Rest;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Relay;

/// <summary>Gets a gateway's serving certificate from a silo. The key stays here; the silo decides the identity and records the issuance.</summary>
internal sealed class RelayedCertificateIssuer : IGatewayCertificateIssuer
{
    private readonly SiloCalls _silos;

    public RelayedCertificateIssuer(SiloCalls silos, RelayTrust trust)
    {
        _silos = silos;
        trust.Changed += () => IssuerChanged?.Invoke();
    }

    public event Action? IssuerChanged;

    public async ValueTask<GatewayCertificate> IssueAsync(GatewayCertificateRequest request, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(
            new GatewayCertificateBody(request.Csr.ToArray(), request.DnsNames, [.. request.IpAddresses.Select(address => address.ToString())]),
            RelayJson.Default.GatewayCertificateBody);
        var (status, answer) = await _silos.SendAsync(
            () => new HttpRequestMessage(HttpMethod.Post, SiloLink.Uri(RelayEndpoints.CertificatePath))
            {
                Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            },
            cancellationToken);
        try
        {
            if (status == HttpStatusCode.OK && JsonSerializer.Deserialize(answer, RelayJson.Default.GatewayCertificate) is { } certificate)
            {
                return certificate;
            }

            var problem = JsonSerializer.Deserialize(answer, RestJson.Wire.Problem);
            throw new GrainOperationException(RefusalCode.InvalidArgument, problem?.Reason ?? "refused", $"No certificate for the gateway: {problem?.Detail ?? status.ToString()}");
        }
        catch (JsonException)
        {
            throw new GrainOperationException(RefusalCode.Unavailable, "answer_malformed", $"A silo's answer cannot be read (HTTP {(int)status}).");
        }
    }
}
