using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Agents;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Relay;

/// <summary>Node agents that know a gateway alone.</summary>
public sealed class RelayedAgentTests
{
    private const string Service = "/meshgrains.agent.v1.NodeAgent/";

    [Fact]
    public async Task An_agents_stream_stands_through_a_gateway_under_its_own_SVID_and_ends_with_the_silos_reason()
    {
        await using var front = await FrontHost.StartAsync();
        var credentials = front.Ca.Client("/meshgrains/agent/n1");
        using var call = front.Channel(credentials).Duplex<AgentReport, AgentUpdate>(Service + "Sync", AgentUpdate.Parser, null, CancellationToken.None);
        await call.WriteAsync(new AgentReport { Version = "1.0", BundleNumber = 7 });
        Assert.NotNull(await call.ReadAsync());

        await front.UntilAsync(
            () => front.Silo.Grains.Sightings.Any(seen => seen is { Connected: true, AgentId: "spiffe://mesh.test/meshgrains/agent/n1", BundleNumber: 7, Version: "1.0" }
                && seen.Serial == ParsedCertificate.Read(credentials.Certificate.RawData).SerialHex),
            "the roster hears of the agent under the SVID that it showed the gateway");

        front.Silo.Agents.Refusal = new MeshGrains.Grains.Refusal(MeshGrains.Grains.RefusalCode.PermissionDenied, "agent_banned", "This agent is banned.");
        front.Silo.Agents.Change(null);
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ReadAsync() is not null)
            {
            }
        });
        var refused = await Assert.ThrowsAsync<RpcException>(() => front.Channel(credentials).UnaryAsync(
            Service + "Renew", new RenewRequest { Csr = ByteString.CopyFrom(TestCa.Csr()) }, AttestResponse.Parser, null, CancellationToken.None));
        Assert.Equal((RpcStatusCode.PermissionDenied, "agent_banned"), (refused.StatusCode, refused.Trailers.Get("mesh-reason")));
    }

    [Fact]
    public async Task A_node_is_challenged_through_a_gateway()
    {
        using var folder = new TempDirectory();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=n1.rack.test", key, HashAlgorithmName.SHA256);
        using var node = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(folder.File("ca.pem"), node.ExportCertificatePem());
        await using var front = new FrontHost();
        var silo = await front.AddSiloAsync("silo-1", host => host.NodeAttestation = options => options.X509pop.CaFile = folder.File("ca.pem"));
        front.Targets.Addresses = [silo.RelayAddress];
        await front.StartFrontAsync();
        await front.UntilAsync(front.IsReady, "the gateway is ready");
        var csr = TestCa.Csr();

        using var call = front.Channel().Duplex<AttestNodeRequest, AttestNodeResponse>(Service + "AttestNode", AttestNodeResponse.Parser, null, CancellationToken.None);
        await call.WriteAsync(new AttestNodeRequest { Attestor = "x509pop", Csr = ByteString.CopyFrom(csr), Evidence = { ByteString.CopyFrom(node.RawData) } });
        var challenge = (await call.ReadAsync())!.Challenge.ToByteArray();
        var answer = NodePossession.Sign(node, NodePossession.Statement("mesh.test", challenge, SHA256.HashData(csr)));
        await call.WriteAsync(new AttestNodeRequest { Answer = ByteString.CopyFrom(answer) });

        Assert.NotEmpty((await call.ReadAsync())!.Result.Svid.Chain);
        var fingerprint = node.GetCertHashString(HashAlgorithmName.SHA1).ToLowerInvariant();
        Assert.Equal($"node:x509pop/{fingerprint}", Assert.Single(silo.Issuance.Requests).Caller.Name);
        Assert.Equal("x509pop", Assert.Single(silo.Grains.Issues).Attestation);
        Assert.Contains(silo.Grains.Calls, made => made.StartsWith($"spiffe://mesh.test/meshgrains/agent/x509pop/{fingerprint}.AdmitNodeAsync(", StringComparison.Ordinal));
    }
}
