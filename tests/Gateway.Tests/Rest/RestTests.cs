using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;

namespace MeshGrains.Gateway.Tests.Rest;

public sealed class RestTests
{
    [Fact]
    public async Task An_entry_is_created_read_replaced_and_deleted()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        var created = await client.PostAsJsonAsync("/v1/entries", new
        {
            spiffeId = "spiffe://mesh.test/ns/shop/sa/cart",
            parentId = "spiffe://mesh.test/meshgrains/source/prod",
            selectors = new[] { "k8s:ns:shop", "k8s:sa:cart" },
            x509SvidTtlSeconds = 600,
            dnsNames = new[] { "cart.shop.svc" },
            hint = "cart",
            federatesWith = new[] { "other.test" },
        });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("\"1\"", created.Headers.ETag?.Tag);
        var entry = await JsonAsync(created);
        var path = created.Headers.Location!.ToString();
        Assert.Equal($"/v1/entries/{entry.GetProperty("id").GetString()}", path);
        Assert.Equal("k8s:sa:cart", entry.GetProperty("selectors")[1].GetString());

        Assert.Equal(entry.ToString(), (await JsonAsync(await client.GetAsync(path))).ToString());
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync(client, path, null)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(client, path, "\"5\"")).StatusCode);
        var replaced = await PutAsync(client, path, "\"1\"");
        Assert.Equal(HttpStatusCode.OK, replaced.StatusCode);
        Assert.Equal("\"2\"", replaced.Headers.ETag?.Tag);
        Assert.Equal(entry.GetProperty("createdAt").ToString(), (await JsonAsync(replaced)).GetProperty("createdAt").ToString());

        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(path + "?reason=gone")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task An_entry_keeps_its_spiffe_id()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Registrations.Add("e1", "/a"));
        using var request = new HttpRequestMessage(HttpMethod.Put, "/v1/entries/e1") { Content = JsonContent.Create(new { spiffeId = "spiffe://mesh.test/b" }) };
        request.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        await AssertProblemAsync(await host.AdminClient().SendAsync(request), HttpStatusCode.BadRequest, "spiffe_id_fixed");
    }

    [Fact]
    public async Task Entries_come_in_pages()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one =>
        {
            for (var i = 0; i < 5; i++)
            {
                one.Registrations.Add($"e{i}", $"/ns/{i}");
            }
        });
        var client = host.AdminClient();
        var seen = new List<string>();
        string? after = null;
        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>($"/v1/entries?limit=2{(after is null ? "" : $"&after={after}")}");
            seen.AddRange(page.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("id").GetString()!));
            after = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (after is not null);

        Assert.Equal(["e0", "e1", "e2", "e3", "e4"], seen);
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("limit=x")]
    [InlineData("limit=1&limit=2")]
    [InlineData("after=")]
    [InlineData("unknown=1")]
    public async Task Odd_parameters_are_refused(string query)
    {
        await using var host = await GatewayHost.StartAsync();
        var problem = await AssertProblemAsync(await host.AdminClient().GetAsync("/v1/entries?" + query), HttpStatusCode.BadRequest);
        Assert.StartsWith("parameter_", problem.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","parentID":"x"}""", "body_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","spiffeId":"spiffe://mesh.test/b"}""", "body_malformed")]
    [InlineData("""{"parentId":"spiffe://mesh.test/a"}""", "body_malformed")]
    [InlineData("""{"spiffeId":null}""", "body_malformed")]
    [InlineData("""{"spiffeId":7}""", "body_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","x509SvidTtlSeconds":"60"}""", "body_malformed")]
    [InlineData("null", "body_malformed")]
    [InlineData("[]", "body_malformed")]
    [InlineData("{", "body_malformed")]
    [InlineData("", "body_malformed")]
    [InlineData("""{"spiffeId":"spiffe://other.test/a"}""", "spiffe_id_foreign")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test"}""", "spiffe_id_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/A B"}""", "spiffe_id_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","x509SvidTtlSeconds":0}""", "ttl_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","selectors":["k8s:ns:a"]}""", "parent_missing")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","parentId":"spiffe://mesh.test/b","selectors":["x"]}""", "item_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","dnsNames":["a b"]}""", "item_malformed")]
    [InlineData("""{"spiffeId":"spiffe://mesh.test/a","federatesWith":["Upper"]}""", "item_malformed")]
    public async Task Odd_bodies_are_refused_and_nothing_is_written(string body, string reason)
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await host.AdminClient().PostAsync("/v1/entries", new StringContent(body, Encoding.UTF8, "application/json"));
        await AssertProblemAsync(reply, HttpStatusCode.BadRequest, reason);
        Assert.Empty(host.Registrations.Entries);
    }

    [Fact]
    public async Task A_body_that_is_not_said_to_be_json_is_refused()
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await host.AdminClient().PostAsync("/v1/entries", new StringContent("{}", Encoding.UTF8, "text/plain"));
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        Assert.True(reply.StatusCode is HttpStatusCode.UnsupportedMediaType, reply.StatusCode.ToString());
    }

    [Fact]
    public async Task Lists_in_bodies_are_bounded()
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await host.AdminClient().PostAsJsonAsync(
            "/v1/entries", new { spiffeId = "spiffe://mesh.test/a", dnsNames = Enumerable.Range(0, 65).Select(i => $"h{i}.test") });
        await AssertProblemAsync(reply, HttpStatusCode.BadRequest, "list_too_long");
    }

    [Fact]
    public async Task A_join_token_is_shown_once_and_its_entry_must_exist()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Registrations.Add("e1", "/a"));
        var client = host.AdminClient();
        var created = await client.PostAsJsonAsync("/v1/join-tokens", new { entryId = "e1", ttlSeconds = 60 });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("no-store", created.Headers.CacheControl?.ToString());
        Assert.Equal("mgj_secret", (await JsonAsync(created)).GetProperty("token").GetString());
        Assert.DoesNotContain(host.Logs.Lines, line => line.Contains("mgj_secret", StringComparison.Ordinal));

        await AssertProblemAsync(await client.PostAsJsonAsync("/v1/join-tokens", new { entryId = "none" }), HttpStatusCode.NotFound, "not_found");
        await AssertProblemAsync(await client.PostAsJsonAsync("/v1/join-tokens", new { entryId = "e1", ttlSeconds = 86401 }), HttpStatusCode.BadRequest, "ttl_malformed");
    }

    [Fact]
    public async Task Templates_are_created_listed_replaced_and_deleted()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        var created = await client.PostAsJsonAsync("/v1/templates", new { source = "prod", pattern = "spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}" });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var path = created.Headers.Location!.ToString();
        var list = await client.GetFromJsonAsync<JsonElement>("/v1/templates");
        Assert.Equal("prod", list.GetProperty("templates")[0].GetProperty("source").GetString());

        using var put = new HttpRequestMessage(HttpMethod.Put, path)
        {
            Content = JsonContent.Create(new { source = "prod", pattern = "spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}", x509SvidTtlSeconds = 60 }),
        };
        put.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(put)).StatusCode);
        Assert.Equal(60, Assert.Single(host.Registrations.Templates).Value.X509SvidTtlSeconds);
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(path + "?reason=gone")).StatusCode);
        Assert.Empty(host.Registrations.Templates);
    }

    [Fact]
    public async Task Issuances_are_found_by_identity_by_serial_and_in_pages()
    {
        await using var host = await GatewayHost.StartAsync();
        for (var i = 1; i <= 3; i++)
        {
            host.Log.Add($"0{i}ab", "spiffe://mesh.test/a");
        }

        host.Log.Add("ff00", "spiffe://mesh.test/b");
        var client = host.AdminClient();
        var all = await client.GetFromJsonAsync<JsonElement>("/v1/issuances?limit=3");
        Assert.Equal("ff00", all.GetProperty("issuances")[0].GetProperty("serial").GetString());
        Assert.Equal(2, all.GetProperty("next").GetInt64());
        var rest = await client.GetFromJsonAsync<JsonElement>("/v1/issuances?limit=3&before=2");
        Assert.Equal("01ab", Assert.Single(rest.GetProperty("issuances").EnumerateArray()).GetProperty("serial").GetString());
        Assert.False(rest.TryGetProperty("next", out _));

        var mine = await client.GetFromJsonAsync<JsonElement>("/v1/issuances?spiffeId=spiffe://mesh.test/a");
        Assert.Equal(3, mine.GetProperty("issuances").GetArrayLength());
        foreach (var serial in new[] { "02ab", "2AB", "02:AB", "0002ab" })
        {
            var one = await client.GetFromJsonAsync<JsonElement>($"/v1/issuances?serial={serial}");
            Assert.Equal("02ab", Assert.Single(one.GetProperty("issuances").EnumerateArray()).GetProperty("serial").GetString());
            Assert.Equal("x509Svid", one.GetProperty("issuances")[0].GetProperty("kind").GetString());
        }

        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/v1/issuances?serial=99")).GetProperty("issuances").GetArrayLength());
        await AssertProblemAsync(await client.GetAsync("/v1/issuances?serial=xyz"), HttpStatusCode.BadRequest, "serial_malformed");
        await AssertProblemAsync(await client.GetAsync("/v1/issuances?serial=01&spiffeId=spiffe://mesh.test/a"), HttpStatusCode.BadRequest, "parameter_conflict");
        await AssertProblemAsync(await client.GetAsync("/v1/issuances?spiffeId=spiffe://other.test/a"), HttpStatusCode.BadRequest, "spiffe_id_foreign");
    }

    [Fact]
    public async Task An_identity_is_quarantined_and_released()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        var receipt = await JsonAsync(await client.PostAsJsonAsync("/v1/denials", new { spiffeId = "spiffe://mesh.test/a", reason = "leaked" }));
        Assert.Equal(1, receipt.GetProperty("number").GetInt64());
        Assert.Equal(FakeGrains.Effective, receipt.GetProperty("effectiveAt").GetDateTimeOffset());
        var denials = await client.GetFromJsonAsync<JsonElement>("/v1/denials");
        Assert.Equal("quarantinedIdentity", denials.GetProperty("denials")[0].GetProperty("kind").GetString());
        Assert.Equal($"uid:{MeshGrains.Gateway.Serving.PeerCredentials.OwnUserId()}", denials.GetProperty("denials")[0].GetProperty("actor").GetString());
        Assert.Equal(1, (await client.GetFromJsonAsync<JsonElement>("/v1/denials/1")).GetProperty("number").GetInt64());

        var released = await JsonAsync(await client.DeleteAsync("/v1/denials?spiffeId=spiffe://mesh.test/a&reason=clean"));
        Assert.Equal(9, released.GetProperty("number").GetInt64());
        Assert.False(released.TryGetProperty("effectiveAt", out _));
    }

    [Fact]
    public async Task Authorities_and_issuing_cas_are_shown_and_a_ca_is_tainted()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        var roots = await client.GetFromJsonAsync<JsonElement>("/v1/authorities");
        Assert.Equal("active", roots.GetProperty("authorities")[0].GetProperty("state").GetString());
        var issuing = await client.GetFromJsonAsync<JsonElement>("/v1/issuing-cas");
        Assert.Equal("silo-1", issuing.GetProperty("issuingCas")[0].GetProperty("silo").GetString());
        var tainted = await JsonAsync(await client.PostAsJsonAsync("/v1/issuing-cas/ca1/taint", new { reason = "stolen" }));
        Assert.Equal("tainted", tainted.GetProperty("state").GetString());
        await AssertProblemAsync(await client.PostAsJsonAsync("/v1/issuing-cas/none/taint", new { reason = "stolen" }), HttpStatusCode.NotFound, "no_such_ca");
        Assert.Null(host.Grains.Tainted);
        (await client.PostAsJsonAsync("/v1/issuing-cas/ca1/taint", new { reason = "sold", reissueOverSeconds = 600 })).EnsureSuccessStatusCode();
        Assert.Equal(("ca1", "sold", 600), (host.Grains.Tainted!.AuthorityId, host.Grains.Tainted.Reason, host.Grains.Tainted.ReissueOverSeconds));
    }

    [Fact]
    public async Task Status_tells_what_it_can_and_names_what_it_cannot()
    {
        await using var host = await GatewayHost.StartAsync();
        var client = host.AdminClient();
        var status = await client.GetFromJsonAsync<JsonElement>("/v1/status");
        Assert.True(status.GetProperty("ready").GetBoolean());
        Assert.Equal(host.Issuance.Ca.Snapshot.AuthorityId, status.GetProperty("issuer").GetProperty("authorityId").GetString());
        Assert.InRange(status.GetProperty("issuer").GetProperty("exposureSeconds").GetInt64(), 71 * 3600, 72 * 3600);
        Assert.Equal(5, status.GetProperty("liveCertificates").GetProperty("ca1").GetInt64());

        host.Log.IsAvailable = false;
        host.Grains.Failure = new InvalidOperationException("inner trouble");
        status = await client.GetFromJsonAsync<JsonElement>("/v1/status");
        Assert.False(status.GetProperty("ready").GetBoolean());
        Assert.False(status.TryGetProperty("authorities", out _));
        Assert.Equal(5, status.GetProperty("problems").GetArrayLength());
        Assert.DoesNotContain("inner trouble", status.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task Failures_behind_the_gateway_are_problems_with_their_code(Exception failure, HttpStatusCode status, string reason)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Grains.Failure = failure;
        var reply = await host.AdminClient().GetAsync("/v1/authorities");
        var problem = await AssertProblemAsync(reply, status, reason);
        Assert.DoesNotContain("secret", problem.ToString(), StringComparison.Ordinal);
        Assert.Equal(reply.Headers.GetValues("mesh-request-id").Single(), problem.GetProperty("requestId").GetString());
        Assert.Equal((int)status, problem.GetProperty("status").GetInt32());
    }

    public static TheoryData<Exception, HttpStatusCode, string> Failures() => new()
    {
        { new GrainOperationException(RefusalCode.Unavailable, "kms_down", "The key manager does not answer."), HttpStatusCode.ServiceUnavailable, "kms_down" },
        { new GrainOperationException(RefusalCode.PermissionDenied, "no", "No."), HttpStatusCode.Forbidden, "no" },
        { new RecordConflictException("secret", "secret"), HttpStatusCode.Conflict, "conflict" },
        { new RecordKeyUnavailableException(), HttpStatusCode.ServiceUnavailable, "record_key_unavailable" },
        { new RecordTamperedException("secret", "secret"), HttpStatusCode.InternalServerError, "record_tampered" },
        { new IssuanceLogUnavailableException("secret"), HttpStatusCode.ServiceUnavailable, "log_unavailable" },
        { new InvalidOperationException("secret"), HttpStatusCode.InternalServerError, "internal" },
    };

    [Fact]
    public async Task What_is_not_there_and_what_is_not_served_are_problems()
    {
        await using var host = await GatewayHost.StartAsync();
        await AssertProblemAsync(await host.AdminClient().GetAsync("/nothing"), HttpStatusCode.NotFound, "no_such_endpoint");
        var wrong = await host.AdminClient().PatchAsync("/v1/entries", null);
        await AssertProblemAsync(wrong, HttpStatusCode.MethodNotAllowed, "method_not_allowed");
        Assert.Contains("POST", wrong.Content.Headers.Allow);
    }

    internal static async Task<JsonElement> AssertProblemAsync(HttpResponseMessage reply, HttpStatusCode status, string? reason = null)
    {
        var text = await reply.Content.ReadAsStringAsync();
        Assert.True(reply.StatusCode == status, $"{reply.StatusCode}: {text}");
        Assert.Equal("application/problem+json", reply.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        foreach (var member in new[] { "type", "title", "detail", "reason", "requestId" })
        {
            Assert.NotEqual("", problem.GetProperty(member).GetString());
        }

        if (reason is not null)
        {
            Assert.Equal(reason, problem.GetProperty("reason").GetString());
        }

        return problem;
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage reply) => await reply.Content.ReadFromJsonAsync<JsonElement>();

    private static Task<HttpResponseMessage> PutAsync(HttpClient client, string path, string? ifMatch)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(new { spiffeId = "spiffe://mesh.test/ns/shop/sa/cart" }) };
        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        return client.SendAsync(request);
    }
}
