using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MeshGrains.Agent.Tests.Kit;
using MeshGrains.Identity;
using MeshGrains.Rpc.Agents;
using MeshGrains.Silo.Tests;

namespace MeshGrains.Agent.Tests.Attacks;

/// <summary>Nodes that prove themselves by a certificate of another PKI, and those that only say so.</summary>
public sealed class NodeProofTests(AttackedSilo attacked) : IClassFixture<AttackedSilo>
{
    [Theory]
    [InlineData("ec.rack.test", false)]
    [InlineData("rsa.rack.test", true)]
    public async Task The_agent_attests_by_its_nodes_certificate_and_key(string name, bool rsa)
    {
        using var node = attacked.Machines.Issue(name, rsa: rsa);
        var (certificate, key) = (Path.Combine(attacked.Folder, name + ".pem"), Path.Combine(attacked.Folder, name + ".key"));
        File.WriteAllText(certificate, node.ExportCertificatePem());
        using AsymmetricAlgorithm secret = rsa ? node.GetRSAPrivateKey()! : node.GetECDsaPrivateKey()!;
        File.WriteAllText(key, secret.ExportPkcs8PrivateKeyPem());

        await using var agent = await attacked.StartAgentAsync(
            name, "node.attestor=x509pop", $"node.x509pop.certificateFile={certificate}", $"node.x509pop.keyFile={key}");

        await attacked.ConnectedAsync($"x509pop/{name}", "x509pop");
        Assert.Contains($"was attested by x509pop", attacked.Silo.Errors + attacked.Silo.Output, StringComparison.Ordinal);
        var entries = (await attacked.Silo.GetAsync("/v1/entries?limit=1000"))["entries"]!.AsArray();
        var entry = entries.Single(one => (string?)one!["spiffeId"] == AttackedSilo.Id($"x509pop/{name}"))!;
        Assert.Contains($"x509pop:subject:cn:{name}", entry["selectors"]!.AsArray().Select(selector => (string)selector!));
    }

    [Fact]
    public async Task A_foreign_an_ended_and_an_unfit_certificate_are_refused()
    {
        using var others = new NodePki("machines");
        using var foreign = others.Issue("n1.rack.test");
        using var ended = attacked.Machines.Issue("n1.rack.test", expired: true);
        using var unfit = attacked.Machines.Issue("n1.rack.test", usage: X509KeyUsageFlags.KeyEncipherment);
        using var stranger = attacked.Machines.Issue("n1.office.test");
        using var deeper = attacked.Machines.Issue("a.n1.rack.test");

        await RefusedAsync("x509pop_untrusted", foreign);
        await RefusedAsync("x509pop_untrusted", ended);
        await RefusedAsync("x509pop_unfit", unfit);
        await RefusedAsync("node_not_allowed", stranger, "n1.office.test");
        await RefusedAsync("node_not_allowed", deeper, "a.n1.rack.test");
    }

    [Fact]
    public async Task Only_the_key_of_the_certificate_answers_and_only_this_challenge_for_this_request()
    {
        using var node = attacked.Machines.Issue("n2.rack.test");
        using var other = attacked.Machines.Issue("n3.rack.test");
        byte[]? recorded = null;
        await RefusedAsync("x509pop_proof", node, sign: (nonce, csr) => Sign(other, nonce, csr));
        await RefusedAsync("x509pop_proof", node, sign: (nonce, csr) => Sign(node, nonce, SHA256.HashData([1])));
        await RefusedAsync("x509pop_proof", node, sign: (_, _) => []);
        await RefusedAsync("x509pop_proof", node, sign: (nonce, csr) => NodePossession.Sign(node, NodePossession.Statement("other.mesh", nonce, csr)));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var good = await AttestAsync(node, (nonce, csr) => recorded = Sign(node, nonce, csr), key);
        Assert.Equal(AttackedSilo.Id("x509pop/n2.rack.test"), good.Svid.SpiffeId);

        // Even with the very same request, the answer to one challenge is none to the next.
        await RefusedAsync("x509pop_proof", node, sign: (_, _) => recorded!, key: key);
    }

    [Fact]
    public async Task An_evicted_node_may_come_back_by_its_certificate_and_a_banned_one_may_not()
    {
        using var node = attacked.Machines.Issue("n4.rack.test");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var old = new RawAgent(attacked.Silo, RawAgent.Context((await AttestAsync(node, (nonce, csr) => Sign(node, nonce, csr), key)).Svid, key));
        using var stream = await old.SyncAsync();

        await attacked.Silo.PostAsync("/v1/agents/x509pop%2Fn4.rack.test/evict", new { reason = "reinstalled" });
        await RawAgent.EndedAsync(stream, "agent_evicted");
        Assert.Equal("agent_evicted", await RawAgent.RefusedAsync(old.RenewAsync));
        using var anew = new RawAgent(attacked.Silo, RawAgent.Context((await AttestAsync(node, (nonce, csr) => Sign(node, nonce, csr), key)).Svid, key));
        await anew.RenewAsync();
        Assert.Equal("agent_evicted", await RawAgent.RefusedAsync(old.RenewAsync));

        await attacked.Silo.PostAsync("/v1/agents/x509pop%2Fn4.rack.test/ban", new { reason = "stolen" });
        Assert.Equal("agent_banned", await RawAgent.RefusedAsync(anew.RenewAsync));
        Assert.Equal("agent_banned", await RawAgent.RefusedAsync(() => AttestAsync(node, (nonce, csr) => Sign(node, nonce, csr), key)));
    }

    [Fact]
    public async Task What_is_no_attestation_at_all_is_refused()
    {
        using var node = attacked.Machines.Issue("n5.rack.test");
        using var newcomer = new RawAgent(attacked.Silo);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var before = await attacked.CountedAsync("agent", "attestation_unsupported");
        Assert.Equal("attestation_unsupported", await RawAgent.RefusedAsync(() => newcomer.AttestNodeAsync("azure_msi", [[1]], (_, _) => [], key)));
        await attacked.ToldAsync("agent", "attestation_unsupported", before);
        Assert.Equal("attestation_malformed", await RawAgent.RefusedAsync(() => newcomer.AttestNodeAsync("", [], (_, _) => [], key)));
        Assert.Equal("x509pop_malformed", await RawAgent.RefusedAsync(() => newcomer.AttestNodeAsync("x509pop", [], (_, _) => [], key)));
        Assert.Equal("x509pop_malformed", await RawAgent.RefusedAsync(() => newcomer.AttestNodeAsync("x509pop", [[0x30, 0x03, 1, 1, 0xFF]], (_, _) => [], key)));
        Assert.Equal(
            "x509pop_malformed", await RawAgent.RefusedAsync(() => newcomer.AttestNodeAsync("x509pop", Enumerable.Repeat(node.RawData, 9), (_, _) => [], key)));
    }

    private static byte[] Sign(X509Certificate2 node, byte[] nonce, byte[] csr) =>
        NodePossession.Sign(node, NodePossession.Statement(SiloClient.TrustDomain, nonce, csr));

    private async Task<AttestResponse> AttestAsync(X509Certificate2 node, Func<byte[], byte[], byte[]> sign, ECDsa key)
    {
        using var newcomer = new RawAgent(attacked.Silo);
        return await newcomer.AttestNodeAsync("x509pop", [node.RawData], sign, key);
    }

    private async Task RefusedAsync(
        string reason, X509Certificate2 node, string? detail = null, Func<byte[], byte[], byte[]>? sign = null, ECDsa? key = null)
    {
        using var fresh = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var before = await attacked.CountedAsync("agent", reason);

        Assert.Equal(reason, await RawAgent.RefusedAsync(() => AttestAsync(node, sign ?? ((nonce, csr) => Sign(node, nonce, csr)), key ?? fresh)));
        await attacked.ToldAsync("agent", reason, before, detail ?? "");
    }
}
