using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class SvidTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_csr_in_pem_or_base64_gets_an_svid_that_openssl_accepts(bool pem)
    {
        await using var host = await GatewayHost.StartAsync();
        var der = TestCa.Csr();
        var reply = await SendAsync(host.Client(), new { csr = pem ? CsrPem.Encode(der) : Convert.ToBase64String(der), ttlSeconds = 600 }, "good", "key-1");
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var svid = await reply.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(7, svid.GetProperty("bundleNumber").GetInt64());
        Assert.Equal(reply.Headers.GetValues("mesh-request-id").Single(), svid.GetProperty("requestId").GetString());
        var asked = Assert.Single(host.Issuance.Requests);
        Assert.Equal(("key-1", TimeSpan.FromMinutes(10), svid.GetProperty("requestId").GetString()), (asked.IdempotencyKey, asked.RequestedTtl, asked.RequestId));

        using var folder = new TempDirectory();
        var leaf = folder.Write("leaf.pem", svid.GetProperty("certificate").GetString()!);
        var chain = folder.Write("chain.pem", svid.GetProperty("chain").GetString()!);
        var roots = folder.Write("roots.pem", svid.GetProperty("bundle").GetString()!);
        Tool.Run(Tool.Find("openssl")!, ["verify", "-x509_strict", "-CAfile", roots, "-untrusted", chain, leaf]).EnsureSuccess();
    }

    [Fact]
    public async Task A_client_svid_renews_itself()
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await SendAsync(host.Client("/ns/shop/sa/cart"), new { csr = CsrPem.Encode(TestCa.Csr()) }, null);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal(("spiffe://mesh.test/ns/shop/sa/cart", CallerKind.X509Svid), (host.Issuance.Requests.Single().Caller.SpiffeId, host.Issuance.Requests.Single().Caller.Kind));
    }

    [Theory]
    [InlineData(null, "credentials_missing")]
    [InlineData("bad", "token_invalid")]
    public async Task Without_proof_there_is_no_svid(string? token, string reason)
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await SendAsync(host.Client(), new { csr = "x" }, token);
        await RestTests.AssertProblemAsync(reply, HttpStatusCode.Unauthorized, reason);
        Assert.Equal("Bearer", reply.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal(0, host.Admission.Inside);
    }

    [Fact]
    public async Task The_local_operators_socket_takes_join_tokens_but_issues_nothing_by_itself()
    {
        await using var host = await GatewayHost.StartAsync();
        var body = new { csr = CsrPem.Encode(TestCa.Csr()) };
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(host.AdminClient(), body, "good")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(host.AdminClient(), body, null)).StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("!!!")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\n")]
    public async Task A_csr_that_is_none_is_refused(string csr)
    {
        await using var host = await GatewayHost.StartAsync();
        await RestTests.AssertProblemAsync(await SendAsync(host.Client(), new { csr }, "good"), HttpStatusCode.BadRequest, "csr_malformed");
    }

    [Theory]
    [InlineData(RefusalCode.ResourceExhausted, HttpStatusCode.TooManyRequests)]
    [InlineData(RefusalCode.Unavailable, HttpStatusCode.ServiceUnavailable)]
    public async Task Overload_says_when_to_come_again(RefusalCode code, HttpStatusCode status)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Admission.Quota = new Refusal(code, "later", "Later.", null, TimeSpan.FromMilliseconds(1200));
        var reply = await SendAsync(host.Client(), new { csr = "x" }, "good");
        await RestTests.AssertProblemAsync(reply, status, "later");
        Assert.Equal(TimeSpan.FromSeconds(2), reply.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task The_bundle_is_public_numbered_and_cached()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.Client();
        var reply = await client.GetAsync("/v1/bundle");
        Assert.Equal("application/json", reply.Content.Headers.ContentType?.MediaType);
        Assert.Equal(TimeSpan.FromMinutes(5), reply.Headers.CacheControl?.MaxAge);
        var bytes = await reply.Content.ReadAsByteArrayAsync();
        Assert.True(SpiffeBundle.TryRead(bytes, TrustDomain.Parse("mesh.test"), out var bundle, out _));
        Assert.Equal((7UL, TimeSpan.FromMinutes(5)), (bundle.Sequence, bundle.RefreshHint));
        Assert.Equal(host.Issuance.Ca.Snapshot.BundlePem, await client.GetStringAsync("/v1/bundle.pem"));

        using var again = new HttpRequestMessage(HttpMethod.Get, "/v1/bundle");
        again.Headers.IfNoneMatch.Add(reply.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(again)).StatusCode);

        // Another number is another document.
        host.Issuance.Ca = TestCa.Create(bundleNumber: 8);
        using var changed = new HttpRequestMessage(HttpMethod.Get, "/v1/bundle");
        changed.Headers.IfNoneMatch.Add(reply.Headers.ETag!);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(changed)).StatusCode);
    }

    [Fact]
    public async Task The_bundle_stays_when_the_ca_goes()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.Client();
        var before = await client.GetByteArrayAsync("/v1/bundle");
        host.Issuance.HasCa = false;
        Assert.Equal(before, await client.GetByteArrayAsync("/v1/bundle"));
    }

    [Fact]
    public async Task Without_a_bundle_the_answer_is_unavailable()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Issuance.HasCa = false);
        var reply = await host.AdminClient().GetAsync("/v1/bundle");
        await RestTests.AssertProblemAsync(reply, HttpStatusCode.ServiceUnavailable, "bundle_unavailable");
        Assert.NotNull(reply.Headers.RetryAfter);
    }

    private static Task<HttpResponseMessage> SendAsync(HttpClient client, object body, string? token, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/svids") { Content = JsonContent.Create(body) };
        if (token is not null)
        {
            request.Headers.Add("authorization", $"Bearer {token}");
        }

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return client.SendAsync(request);
    }
}
