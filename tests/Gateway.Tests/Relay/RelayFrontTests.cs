using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using MeshGrains.Gateway.Administration;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.HealthV1;
using MeshGrains.Rpc.Istio;
using MeshGrains.Rpc.ReflectionV1;

namespace MeshGrains.Gateway.Tests.Relay;

public sealed class RelayFrontTests
{
    [Fact]
    public async Task A_silo_issues_for_the_callers_own_address_under_the_gateways_id()
    {
        await using var front = await FrontHost.StartAsync();
        using var reply = await FrontHost.IssueAsync(front.Client(from: "127.0.0.9"));

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var asked = Assert.Single(front.Silo.Issuance.Requests);
        Assert.Equal("127.0.0.9", Assert.Single(front.Silo.Authenticator.Seen).RemoteAddress.ToString());
        Assert.Equal(asked.RequestId, Assert.Single(reply.Headers.GetValues("mesh-request-id")));
    }

    [Fact]
    public async Task A_client_certificate_of_the_gateways_handshake_is_judged_by_the_silo()
    {
        await using var front = await FrontHost.StartAsync();
        var credentials = front.Ca.Client("/ns/shop/sa/cart");
        using var reply = await FrontHost.IssueAsync(front.Client(credentials), token: null);

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var seen = Assert.Single(front.Silo.Authenticator.Seen).ClientChain!;
        Assert.Equal("spiffe://mesh.test/ns/shop/sa/cart", seen.SpiffeId);
        Assert.Equal(ParsedCertificate.Read(credentials.Certificate.RawData).SerialHex, seen.Serial);
        Assert.Equal(front.Ca.Snapshot.AuthorityId, seen.IssuerAuthorityId);
        Assert.Equal(AdmissionClass.Renewal, front.Silo.Admission.LastHint);
    }

    [Fact]
    public async Task A_certificate_that_the_silo_does_not_take_is_refused_there()
    {
        await using var front = await FrontHost.StartAsync();
        using var client = front.Client(front.Ca.Client("/ns/shop/sa/cart"));
        (await FrontHost.IssueAsync(client, token: null)).Dispose();

        // The gateway's copy of the bundle is older than the silo's.
        front.Silo.Issuance.Ca = TestCa.Create(bundleNumber: 8);
        using var reply = await FrontHost.IssueAsync(client, token: null);
        Assert.Equal(HttpStatusCode.Unauthorized, reply.StatusCode);
        Assert.Equal("client_certificate_refused", await ReasonAsync(reply));
    }

    [Fact]
    public async Task A_certificate_under_a_root_that_the_gateway_has_not_heard_of_yet_is_the_silos_to_judge()
    {
        await using var front = await FrontHost.StartAsync();
        var next = TestCa.Create(bundleNumber: 8);
        using var client = front.Client(next.Client("/ns/shop/sa/cart"));
        using var strangersClient = front.Client(TestCa.Create().Client("/ns/shop/sa/cart"));
        front.Silo.Issuance.Ca = next;
        using var reply = await FrontHost.IssueAsync(client, token: null);
        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        Assert.Equal("spiffe://mesh.test/ns/shop/sa/cart", Assert.Single(front.Silo.Authenticator.Seen).ClientChain!.SpiffeId);

        using var stranger = await FrontHost.IssueAsync(strangersClient, token: null);
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.Equal("client_certificate_refused", await ReasonAsync(stranger));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_cannot_say_what_only_relays_may_say(bool throughTheGateway)
    {
        await using var front = await FrontHost.StartAsync();
        var stolen = front.Ca.Client("/meshgrains/admin");
        using var client = throughTheGateway ? front.Client() : front.Silo.Client();
        using var reply = await FrontHost.IssueAsync(
            client, "good", ("mesh-relay-address", "203.0.113.9"), ("mesh-relay-request", new string('a', 32)),
            ("Mesh-Relay-Client", Convert.ToBase64String(stolen.Certificate.RawData) + "." + Convert.ToBase64String(stolen.Chain[0].RawData)));

        Assert.Equal(HttpStatusCode.OK, reply.StatusCode);
        var seen = Assert.Single(front.Silo.Authenticator.Seen);
        Assert.Equal("127.0.0.1", seen.RemoteAddress.ToString());
        Assert.Null(seen.ClientChain);
        Assert.NotEqual(new string('a', 32), Assert.Single(front.Silo.Issuance.Requests).RequestId);
        using var internals = await client.PostAsync("/internal/v1/gateway-certificate", new StringContent("{}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.NotFound, internals.StatusCode);
    }

    [Fact]
    public async Task A_refusal_keeps_its_code_its_words_and_its_id()
    {
        await using var front = await FrontHost.StartAsync();
        front.Silo.Issuance.Answer = _ => new Refusal(RefusalCode.ResourceExhausted, "too_many", "There were too many.", RetryAfter: TimeSpan.FromSeconds(3));
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(front));

        Assert.Equal(RpcStatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Equal($"There were too many (request {Assert.Single(front.Silo.Issuance.Requests).RequestId})", refused.Detail);
        Assert.Equal("3000", refused.Trailers.Get("retry-after-ms"));

        front.Silo.Issuance.Answer = _ => new Refusal(RefusalCode.PermissionDenied, "quarantined", "No.");
        using var reply = await FrontHost.IssueAsync(front.Client());
        Assert.Equal(HttpStatusCode.Forbidden, reply.StatusCode);
        var problem = JsonNode.Parse(await reply.Content.ReadAsStringAsync())!;
        Assert.Equal("quarantined", (string)problem["reason"]!);
        Assert.Equal(Assert.Single(reply.Headers.GetValues("mesh-request-id")), (string)problem["requestId"]!);
    }

    [Fact]
    public async Task A_grpc_reply_comes_through_whole()
    {
        await using var front = await FrontHost.StartAsync();
        var reply = await CallAsync(front, ("mesh-idempotency-key", "once"));
        Assert.Equal([front.Ca.Snapshot.ChainPem, front.Ca.Snapshot.BundlePem], reply.CertChain.Skip(1));
        Assert.Equal("once", Assert.Single(front.Silo.Issuance.Requests).IdempotencyKey);
    }

    [Fact]
    public async Task A_body_that_is_too_large_never_reaches_a_silo()
    {
        await using var front = await FrontHost.StartAsync();
        using var client = front.Client();

        // The answer comes before the body was read: over HTTP/2 that cannot cost the sender the answer.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/svids")
        {
            Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new ByteArrayContent(new byte[70_000]),
        };
        using var reply = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, reply.StatusCode);

        var refused = await Assert.ThrowsAsync<RpcException>(() => front.Channel().UnaryAsync(
            CreateCertificateHandler.Path, new IstioCertificateRequest { Csr = new string('x', 70_000) }, IstioCertificateResponse.Parser));
        Assert.Equal(RpcStatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Empty(front.Silo.Authenticator.Seen);
    }

    [Fact]
    public async Task Administration_and_bundles_pass_through()
    {
        await using var front = await FrontHost.StartAsync();
        using var client = front.Client();
        Assert.Equal(front.Ca.Snapshot.BundlePem, await client.GetStringAsync("/v1/bundle.pem"));
        using var refused = await client.GetAsync("/v1/entries");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("operator_unknown", await ReasonAsync(refused));
        using var metrics = await client.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.NotFound, metrics.StatusCode);
        using var odd = await client.GetAsync(new Uri($"{front.Address.GetLeftPart(UriPartial.Authority)}//elsewhere.example/v1/bundle.pem"));
        Assert.Equal(HttpStatusCode.NotFound, odd.StatusCode);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.Forbidden)]
    [InlineData(true, HttpStatusCode.OK)]
    public async Task A_gateways_word_for_an_operator_counts_only_where_silos_say_so(bool taken, HttpStatusCode expected)
    {
        await using var front = new FrontHost();
        await front.AddSiloAsync("silo-1", host => host.TakesRelayedAdministration = taken, options => options.Roles.Add(
            new RoleBindingOptions { SpiffeId = "spiffe://mesh.test/meshgrains/operators/sre", Roles = { OperatorRole.Admin } }));
        front.Targets.Addresses = [front.Silo.RelayAddress];
        await front.StartFrontAsync();
        await front.UntilAsync(front.IsReady, "the gateway is ready");
        var credentials = front.Ca.Client("/meshgrains/operators/sre");
        using var relayed = await front.Client(credentials).GetAsync("/v1/entries");
        Assert.Equal(expected, relayed.StatusCode);
        if (!taken)
        {
            Assert.Equal("administration_relayed", await ReasonAsync(relayed));
        }

        using var direct = await front.Silo.Client(credentials).GetAsync("/v1/entries");
        Assert.Equal(HttpStatusCode.OK, direct.StatusCode);
        if (taken)
        {
            // A batch may be larger than other bodies on this way too.
            var entries = Enumerable.Range(0, 100).Select(i => new { spiffeId = $"spiffe://mesh.test/fleet/{i}-{new string('x', 1000)}" });
            using var batch = await front.Client(credentials).PostAsJsonAsync("/v1/entries:batch", new { entries });
            Assert.Equal(HttpStatusCode.OK, batch.StatusCode);
            Assert.Equal(100, front.Silo.Registrations.Entries.Count);
        }
    }

    [Fact]
    public async Task Streams_run_both_ways_for_as_long_as_they_like()
    {
        await using var front = await FrontHost.StartAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var talk = front.Channel().Duplex<ServerReflectionRequest, ServerReflectionResponse>(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", ServerReflectionResponse.Parser, cancellationToken: patience.Token);
        for (var i = 0; i < 100; i++)
        {
            await talk.WriteAsync(new ServerReflectionRequest { FileContainingSymbol = "istio.v1.auth.IstioCertificateService" });
            Assert.NotEmpty((await talk.ReadAsync())!.FileDescriptorResponse.FileDescriptorProto);
        }

        talk.CompleteRequests();
        Assert.Null(await talk.ReadAsync());

        using var watch = front.Channel().ServerStreaming(
            "/grpc.health.v1.Health/Watch", new HealthCheckRequest(), HealthCheckResponse.Parser, cancellationToken: patience.Token);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await watch.ReadAsync())!.Status);
        front.Silo.Issuance.NotReadyReason = "a test says so";
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await watch.ReadAsync())!.Status);
    }

    [Fact]
    public async Task A_stream_whose_silo_is_lost_ends_with_unavailable()
    {
        await using var front = await FrontHost.StartAsync();
        using var watch = front.Channel().ServerStreaming("/grpc.health.v1.Health/Watch", new HealthCheckRequest(), HealthCheckResponse.Parser);
        Assert.NotNull(await watch.ReadAsync());
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await front.Silo.App.StopAsync(now.Token);
        var lost = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await watch.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)) is not null)
            {
                // The last state may still come.
            }
        });
        Assert.Equal(RpcStatusCode.Unavailable, lost.StatusCode);
    }

    [Fact]
    public async Task The_gateways_own_limits_come_first()
    {
        await using var front = await FrontHost.StartAsync(limits: limits => (limits.CallBurstPerAddress, limits.CallsPerSecondPerAddress) = (1, 0.01));
        using var client = front.Client();
        (await FrontHost.IssueAsync(client)).Dispose();
        using var reply = await FrontHost.IssueAsync(client);
        Assert.Equal(HttpStatusCode.TooManyRequests, reply.StatusCode);
        Assert.Single(front.Silo.Issuance.Requests);
    }

    [Fact]
    public async Task It_serves_under_its_own_name_with_a_certificate_that_a_silo_recorded()
    {
        await using var front = await FrontHost.StartAsync();
        var asked = front.Silo.Issuance.LastServing!;
        Assert.Equal("edge-1", asked.Gateway);
        Assert.Equal(["localhost"], asked.DnsNames);
        var metrics = await front.MetricsAsync();
        Assert.Contains("meshgrains_relay_silos{state=\"ready\"} 1", metrics, StringComparison.Ordinal);
        Assert.Matches("meshgrains_authority_expiry_seconds\\{authority=\"gateway\",kind=\"gateway\"\\} 3[0-9]{3}", metrics);
        Assert.Matches("meshgrains_authority_expiry_seconds\\{authority=\"bootstrap\",kind=\"bootstrap\"\\} [1-9]", metrics);
    }

    [Fact]
    public async Task Without_a_silo_it_is_not_ready_and_says_why()
    {
        await using var front = new FrontHost();
        await front.StartFrontAsync();
        using var client = new HttpClient { BaseAddress = front.Operations };
        using var reply = await client.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, reply.StatusCode);
        Assert.Contains("no silo is known", await reply.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var alive = await client.GetAsync("/livez");
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode);
    }

    internal static async Task<IstioCertificateResponse> CallAsync(FrontHost front, params (string Key, string Value)[] headers)
    {
        var metadata = new RpcMetadata { { "authorization", "Bearer good" } };
        foreach (var (key, value) in headers)
        {
            metadata.Add(key, value);
        }

        return await front.Channel().UnaryAsync(
            CreateCertificateHandler.Path, new IstioCertificateRequest { Csr = CsrPem.Encode(TestCa.Csr()) },
            IstioCertificateResponse.Parser, new RpcCallOptions { Headers = metadata, Timeout = TimeSpan.FromSeconds(20) });
    }

    private static async Task<string> ReasonAsync(HttpResponseMessage reply) => (string)JsonNode.Parse(await reply.Content.ReadAsStringAsync())!["reason"]!;
}
