using System.Net;
using System.Net.Http.Json;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Silo.Tests;

public sealed class UpstreamSiloTests
{
    [SkippableFact]
    public async Task A_root_that_a_company_certified_by_hand_serves_chains_that_foreign_programs_take_by_the_companys_root_alone()
    {
        var openssl = Tool.Require("openssl", "openssl");
        var certtool = Tool.Require("certtool", "gnutls-bin");
        using var folder = new TempDirectory();
        var company = new CompanyPki(folder, openssl).Make();
        await using var silo = await RunningSilo.StartUnreadyAsync(folder.File("data"), null, "upstream.mode=csr");
        await silo.NotReadyAsync("meshctl upstream csr");

        var request = await silo.GetAsync("/v1/upstream");
        Assert.True((bool)request["waiting"]!);
        using (var refused = await silo.Admin.PostAsJsonAsync("/v1/upstream/chain", new { chain = await File.ReadAllTextAsync(company.Root), reason = "too early" }))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        var chain = company.Certify((string)request["csr"]!);
        var import = await silo.PostAsync("/v1/upstream/chain", new { chain, reason = "ticket 4711" });
        Assert.Equal(3, (int)import["certificates"]!);
        await silo.ReadyAsync();

        var (status, body, svid) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        var (leaf, above, bundle) = ((string)body["certificate"]!, (string)body["chain"]!, (string)body["bundle"]!);
        Assert.True(PemBundle.TryRead(bundle, out var anchors, out _));
        Assert.True(PemBundle.TryRead(await File.ReadAllTextAsync(company.Root), out var root, out _));
        Assert.Equal(root[0].Der.ToArray(), Assert.Single(anchors).Der.ToArray());
        Assert.True(PemBundle.TryRead(above, out var intermediates, out _));
        Assert.Equal(3, intermediates.Count);

        foreach (var purpose in new[] { "sslserver", "sslclient" })
        {
            Tool.Run(
                openssl,
                ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", company.Root, "-untrusted", folder.Write("above.pem", above), folder.Write("leaf.pem", leaf)]).EnsureSuccess();
        }

        Tool.Run(certtool, ["--verify", "--verify-profile", "medium", "--load-ca-certificate", company.Root, "--infile", folder.Write("chain.pem", leaf + above)]).EnsureSuccess();

        // The gateway's own chain, and this very SVID as a client's.
        var served = Tool.Run(
            openssl, ["s_client", "-connect", $"127.0.0.1:{silo.Gateway.Port}", "-servername", "localhost", "-CAfile", company.Root, "-x509_strict", "-verify_return_error", "-verify_hostname", "localhost", "-showcerts"],
            input: []);
        Assert.True(served.ExitCode == 0, served.ToString());
        Assert.Contains("Verify return code: 0 (ok)", served.Output, StringComparison.Ordinal);
        var (renewed, renewal, _) = await silo.FetchAsync(token: null, svid);
        Assert.True(renewed == HttpStatusCode.OK, renewal.ToJsonString());
    }

    [SkippableFact]
    public async Task A_CA_in_files_certifies_the_root_at_the_first_start()
    {
        var openssl = Tool.Require("openssl", "openssl");
        using var folder = new TempDirectory();
        var company = new CompanyPki(folder, openssl).Make();
        var file = folder.Write("outside.pem", await File.ReadAllTextAsync(company.Root) + await File.ReadAllTextAsync(company.Intermediate));
        await using var silo = await RunningSilo.StartAsync(
            folder.File("data"), null, "upstream.mode=disk", $"upstream.certificateFile={file}", $"upstream.keyFile={company.IntermediateKey}");

        var (status, body, _) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Tool.Run(
            openssl,
            ["verify", "-x509_strict", "-CAfile", company.Root, "-untrusted", folder.Write("above.pem", (string)body["chain"]!), folder.Write("leaf.pem", (string)body["certificate"]!)])
            .EnsureSuccess();
    }
}
