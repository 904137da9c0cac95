using System.Net;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace MeshGrains.Silo.Tests;

public sealed class FirstCertificateTests
{
    [Fact]
    public async Task A_service_account_gets_the_identity_of_its_template_and_the_log_knows_it()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);

        var (status, body, svid) = await silo.FetchAsync(tokens.Create("shop", "cart"));

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal("spiffe://test.mesh/ns/shop/sa/cart", (string?)body["spiffeId"]);
        var record = await silo.Services.GetRequiredService<IIssuanceLog>().FindBySerialAsync(RunningSilo.TrustDomain, (string)body["serial"]!, null, CancellationToken.None);
        Assert.Equal("k8s:prod/shop/cart", record!.Caller);
        Assert.Equal(System.Security.Cryptography.SHA256.HashData(svid!.TargetCertificate.RawData), record.DerSha256.ToArray());
        Assert.Equal((string?)body["requestId"], record.RequestId);
    }

    [Fact]
    public async Task A_join_token_admits_once_and_its_svid_renews_over_mutual_tls()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        var token = await silo.JoinTokenAsync("spiffe://test.mesh/hello");

        var (status, body, svid) = await silo.FetchAsync(token);
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        Assert.Equal("spiffe://test.mesh/hello", (string?)body["spiffeId"]);

        var (again, refusal, _) = await silo.FetchAsync(token);
        Assert.Equal(HttpStatusCode.Unauthorized, again);
        Assert.Equal("join_token_refused", (string?)refusal["reason"]);

        var (renewed, renewal, _) = await silo.FetchAsync(token: null, svid);
        Assert.True(renewed == HttpStatusCode.OK, renewal.ToJsonString());
        Assert.Equal("spiffe://test.mesh/hello", (string?)renewal["spiffeId"]);
        Assert.NotEqual((string?)body["serial"], (string?)renewal["serial"]);
    }

    [Fact]
    public async Task A_join_token_redeemed_by_many_at_once_admits_one()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        var token = await silo.JoinTokenAsync("spiffe://test.mesh/hello");

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => silo.FetchAsync(token)));

        Assert.Single(answers, answer => answer.Status == HttpStatusCode.OK);
        Assert.Equal(11, answers.Count(answer => answer.Status == HttpStatusCode.Unauthorized));
    }

    [Fact]
    public async Task A_quarantined_identity_gets_nothing_until_it_is_released()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        var (_, _, svid) = await silo.FetchAsync(await silo.JoinTokenAsync("spiffe://test.mesh/hello"));

        await silo.PostAsync("/v1/denials", new { spiffeId = "spiffe://test.mesh/hello", reason = "compromised in a test" });
        var (refused, refusal, _) = await silo.FetchAsync(token: null, svid);
        Assert.Equal(HttpStatusCode.Forbidden, refused);
        Assert.Equal("quarantined", (string?)refusal["reason"]);

        using var release = await silo.Admin.DeleteAsync("/v1/denials?spiffeId=spiffe%3A%2F%2Ftest.mesh%2Fhello&reason=cleared");
        Assert.True(release.IsSuccessStatusCode);
        var (renewed, body, _) = await silo.FetchAsync(token: null, svid);
        Assert.True(renewed == HttpStatusCode.OK, body.ToJsonString());
    }

    [Fact]
    public async Task A_deleted_entry_refuses_the_next_renewal()
    {
        using var folder = new TempDirectory();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"));
        var entry = await silo.PostAsync("/v1/entries", new { spiffeId = "spiffe://test.mesh/hello" });
        var id = (string)entry["id"]!;
        var token = (string)(await silo.PostAsync("/v1/join-tokens", new { entryId = id }))["token"]!;
        var (_, _, svid) = await silo.FetchAsync(token);
        Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(token: null, svid)).Status);

        using var deletion = await silo.Admin.DeleteAsync($"/v1/entries/{id}?reason=test");
        Assert.True(deletion.IsSuccessStatusCode, await deletion.Content.ReadAsStringAsync());

        var (refused, refusal, _) = await silo.FetchAsync(token: null, svid);
        Assert.Equal(HttpStatusCode.Forbidden, refused);
        Assert.Equal("not_registered", (string?)refusal["reason"]);
    }

    [Fact]
    public async Task The_same_idempotency_key_gets_the_same_certificate()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var csr = RunningSilo.Csr(key);
        var token = tokens.Create();

        async Task<string> SerialAsync(string idempotencyKey)
        {
            using var rest = silo.Rest();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/svids")
            {
                Content = System.Net.Http.Json.JsonContent.Create(new { csr }),
                Headers = { Authorization = new("Bearer", token) },
            };
            request.Headers.Add("Idempotency-Key", idempotencyKey);
            using var response = await rest.SendAsync(request);
            var body = System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
            Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
            return (string)body["serial"]!;
        }

        var first = await SerialAsync("one");
        Assert.Equal(first, await SerialAsync("one"));
        Assert.NotEqual(first, await SerialAsync("two"));
    }

    [Fact]
    public async Task A_tainted_issuing_ca_is_replaced_at_once_and_its_svids_have_to_attest_anew()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        var (_, _, svid) = await silo.FetchAsync(tokens.Create());
        var issuers = silo.Services.GetRequiredService<IssuerSource>();
        var tainted = issuers.Current!.AuthorityId;

        await silo.PostAsync($"/v1/issuing-cas/{tainted}/taint", new { reason = "a test" });
        await silo.ReadyAsync();

        Assert.NotEqual(tainted, issuers.Current!.AuthorityId);
        var (refused, refusal, _) = await silo.FetchAsync(token: null, svid);
        Assert.Equal("issuer_tainted", (string?)refusal["reason"]);
        Assert.Equal(HttpStatusCode.Forbidden, refused);
        Assert.Equal(HttpStatusCode.OK, (await silo.FetchAsync(tokens.Create())).Status);
    }

    [Fact]
    public async Task The_published_bundle_validates_what_was_issued()
    {
        using var folder = new TempDirectory();
        using var tokens = new KubernetesTokens();
        await using var silo = await RunningSilo.StartAsync(folder.File("data"), tokens);
        var (_, body, svid) = await silo.FetchAsync(tokens.Create("shop", "cart"));

        var json = await File.ReadAllBytesAsync(Path.Combine(silo.Data, "bundle.json"));
        Assert.True(SpiffeBundle.TryRead(json, TrustDomain.Parse(RunningSilo.TrustDomain), out var bundle, out var error), error);
        var validation = X509SvidValidator.Validate(
            svid!.TargetCertificate.RawData, [.. svid.IntermediateCertificates.Select(ca => (ReadOnlyMemory<byte>)ca.RawData)], bundle, DateTimeOffset.UtcNow);

        Assert.True(validation.IsValid, validation.Error);
        Assert.Equal((string?)body["spiffeId"], validation.Id.ToString());
    }
}
