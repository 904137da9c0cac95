using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using MeshGrains.Gateway.Istio;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Identity;
using MeshGrains.Rpc;
using MeshGrains.Rpc.Istio;

namespace MeshGrains.Gateway.Tests.Istio;

public sealed class CreateCertificateTests
{
    [Fact]
    public async Task The_reply_is_leaf_then_intermediates_then_all_roots_in_one_string()
    {
        await using var host = await GatewayHost.StartAsync();
        var reply = await CallAsync(host, Request(), Token("good"));

        Assert.Equal(3, reply.Message.CertChain.Count);
        var leaf = Der(reply.Message.CertChain[0]);
        Assert.Equal(host.Issuance.Ca.Snapshot.ChainPem, reply.Message.CertChain[1]);
        Assert.EndsWith("-----END CERTIFICATE-----\n", reply.Message.CertChain[1], StringComparison.Ordinal);
        Assert.Equal(host.Issuance.Ca.Snapshot.BundlePem, reply.Message.CertChain[2]);
        var validation = X509SvidValidator.Validate(
            leaf, [host.Issuance.Ca.Snapshot.IssuingCaDer], host.Issuance.Ca.Snapshot.Bundle, DateTimeOffset.UtcNow);
        Assert.Equal("spiffe://mesh.test/ns/shop/sa/cart", validation.Id?.ToString());
        Assert.Matches("^[0-9a-f]{32}$", reply.Headers.Get("mesh-request-id"));
        Assert.Equal(reply.Headers.Get("mesh-request-id"), Assert.Single(host.Issuance.Requests).RequestId);
        Assert.Equal(0, host.Admission.Inside);
    }

    [Fact]
    public async Task Several_intermediates_are_several_elements()
    {
        await using var host = await GatewayHost.StartAsync();
        var pem = host.Issuance.Ca.Snapshot.ChainPem;
        host.Issuance.Answer = _ => new IssuedSvid("spiffe://mesh.test/a", "01", [0x30, 0x00], pem + pem, "roots\n", 7, default, default);
        var reply = await CallAsync(host, Request(), Token("good"));

        Assert.Equal([PemWriter.EncodeCertificate([0x30, 0x00]), pem, pem, "roots\n"], reply.Message.CertChain);
    }

    [Fact]
    public async Task Life_and_idempotency_key_reach_issuance()
    {
        await using var host = await GatewayHost.StartAsync();
        var headers = Token("good");
        headers.Add("mesh-idempotency-key", "once");
        await CallAsync(host, Request(validitySeconds: 600), headers);

        var asked = Assert.Single(host.Issuance.Requests);
        Assert.Equal(TimeSpan.FromMinutes(10), asked.RequestedTtl);
        Assert.Equal("once", asked.IdempotencyKey);
        Assert.Equal("k8s:prod/shop/cart", asked.Caller.Name);
        Assert.Null(asked.SpiffeId);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-5)]
    [InlineData(long.MinValue)]
    public async Task No_life_or_a_negative_one_asks_for_the_default(long seconds)
    {
        await using var host = await GatewayHost.StartAsync();
        await CallAsync(host, Request(validitySeconds: seconds), Token("good"));

        Assert.Null(Assert.Single(host.Issuance.Requests).RequestedTtl);
    }

    [Fact]
    public async Task A_life_beyond_any_clock_is_an_invalid_argument()
        => await AssertRefusedAsync(
            RpcStatusCode.InvalidArgument, "CSR signing error (requested TTL", Request(validitySeconds: long.MaxValue), Token("good"));

    [Theory]
    [InlineData(null, "request authenticate failure: no token")]
    [InlineData("garbage", "request authenticate failure: the token is not valid")]
    public async Task A_caller_that_proves_nothing_is_unauthenticated(string? token, string text)
        => await AssertRefusedAsync(RpcStatusCode.Unauthenticated, text, Request(), token is null ? [] : Token(token));

    [Fact]
    public async Task A_token_over_its_bound_is_unauthenticated_before_anyone_reads_it()
    {
        var host = await AssertRefusedAsync(RpcStatusCode.Unauthenticated, "request authenticate failure", Request(), Token(new string('x', 16 * 1024 + 1)));
        Assert.Empty(host.Authenticator.Seen);
    }

    [Fact]
    public async Task Detail_for_the_log_never_reaches_the_caller_but_the_request_id_is_in_both()
    {
        await using var host = await GatewayHost.StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("bad")));

        Assert.DoesNotContain("log alone", refused.Detail, StringComparison.Ordinal);
        var id = refused.Detail.Split("(request ")[1].TrimEnd(')');
        Assert.Equal(id, refused.Trailers.Get("mesh-request-id"));
        Assert.Contains(host.Logs.Lines, line => line.Contains(id, StringComparison.Ordinal) && line.Contains("log alone", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Contains("Bearer bad", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("spiffe://mesh.test/ns/other/sa/other")]
    [InlineData("anything")]
    public async Task Impersonation_is_refused_with_a_reason(string identity)
        => await AssertRefusedAsync(
            RpcStatusCode.Unauthenticated, "request impersonation authentication failure: ",
            Request(metadata: new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForString(identity) } }), Token("good"));

    [Fact]
    public async Task Impersonation_in_another_shape_is_refused_too()
        => await AssertRefusedAsync(
            RpcStatusCode.Unauthenticated, "request impersonation authentication failure: ",
            Request(metadata: new Struct { Fields = { ["ImpersonatedIdentity"] = Value.ForList(Value.ForString("spiffe://mesh.test/x")) } }), Token("good"));

    [Fact]
    public async Task A_signers_name_is_taken_and_ignored()
    {
        await using var host = await GatewayHost.StartAsync();
        var metadata = new Struct { Fields = { ["CertSigner"] = Value.ForString("istio-system"), ["Other"] = Value.ForNumber(1) } };
        Assert.Equal(3, (await CallAsync(host, Request(metadata: metadata), Token("good"))).Message.CertChain.Count);
    }

    [Fact]
    public async Task A_signer_that_is_no_name_is_an_invalid_argument()
        => await AssertRefusedAsync(
            RpcStatusCode.InvalidArgument, "CSR signing error (CertSigner",
            Request(metadata: new Struct { Fields = { ["CertSigner"] = Value.ForNumber(3) } }), Token("good"));

    [Theory]
    [InlineData("")]
    [InlineData("not pem")]
    [InlineData("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")]
    [InlineData("-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n")]
    public async Task A_csr_that_is_none_is_an_invalid_argument(string csr)
        => await AssertRefusedAsync(RpcStatusCode.InvalidArgument, "CSR signing error (", new IstioCertificateRequest { Csr = csr }, Token("good"));

    [Fact]
    public async Task A_message_over_its_bound_is_exhausted_resources()
    {
        await using var host = await GatewayHost.StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => CallAsync(host, new IstioCertificateRequest { Csr = new string('x', CreateCertificateHandler.MaxMessageBytes) }, Token("good")));
        Assert.Equal(RpcStatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Empty(host.Authenticator.Seen);
    }

    [Theory]
    [InlineData(RefusalCode.InvalidArgument, RpcStatusCode.InvalidArgument)]
    [InlineData(RefusalCode.Unauthenticated, RpcStatusCode.Unauthenticated)]
    [InlineData(RefusalCode.PermissionDenied, RpcStatusCode.PermissionDenied)]
    [InlineData(RefusalCode.NotFound, RpcStatusCode.NotFound)]
    [InlineData(RefusalCode.Conflict, RpcStatusCode.Aborted)]
    [InlineData(RefusalCode.ResourceExhausted, RpcStatusCode.ResourceExhausted)]
    [InlineData(RefusalCode.Unavailable, RpcStatusCode.Unavailable)]
    [InlineData(RefusalCode.Internal, RpcStatusCode.Internal)]
    public async Task Each_refusal_has_its_code(RefusalCode code, RpcStatusCode expected)
    {
        await using var host = await GatewayHost.StartAsync();
        host.Issuance.Answer = _ => new Refusal(code, "because", "Because of it.");
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("good")));

        Assert.Equal(expected, refused.StatusCode);
        Assert.Contains("Because of it", refused.Detail, StringComparison.Ordinal);
        Assert.Contains(refused.Trailers.Get("mesh-request-id")!, refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, host.Admission.Inside);
    }

    [Fact]
    public async Task Overload_says_when_to_come_again_in_both_forms()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Admission.Entry = new Refusal(RefusalCode.ResourceExhausted, "too_many", "Too many calls.", null, TimeSpan.FromMilliseconds(1500));
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("good")));

        Assert.Equal(RpcStatusCode.ResourceExhausted, refused.StatusCode);
        Assert.Equal("1500", refused.Trailers.Get("retry-after-ms"));
        var retry = Assert.Single(refused.GetStatusDetails()!.Details).Unpack<RetryInfo>();
        Assert.Equal(TimeSpan.FromMilliseconds(1500), retry.RetryDelay.ToTimeSpan());
        Assert.Empty(host.Authenticator.Seen);
    }

    [Fact]
    public async Task A_quota_is_looked_at_only_after_authentication()
    {
        await using var host = await GatewayHost.StartAsync(prepare: one => one.Admission.Quota = new Refusal(RefusalCode.ResourceExhausted, "quota", "Over quota."));
        Assert.Equal(RpcStatusCode.Unauthenticated, (await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("bad")))).StatusCode);
        Assert.Equal(RpcStatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("good")))).StatusCode);
        Assert.Empty(host.Issuance.Requests);
    }

    [Fact]
    public async Task A_failure_that_nobody_foresaw_tells_nothing_but_its_id()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Issuance.Answer = _ => throw new InvalidOperationException("secret of the inside");
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("good")));

        Assert.Equal(RpcStatusCode.Internal, refused.StatusCode);
        Assert.DoesNotContain("secret", refused.Detail, StringComparison.Ordinal);
        Assert.Contains(host.Logs.Lines, line => line.Contains("secret of the inside", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_log_that_takes_no_record_is_unavailable()
    {
        await using var host = await GatewayHost.StartAsync();
        host.Issuance.Answer = _ => throw new IssuanceLogUnavailableException("disk full at /var/x");
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, Request(), Token("good")));

        Assert.Equal(RpcStatusCode.Unavailable, refused.StatusCode);
        Assert.DoesNotContain("/var/x", refused.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_certificate_is_its_holders_renewal()
    {
        await using var host = await GatewayHost.StartAsync();
        var channel = host.Channel("/ns/shop/sa/cart");
        var reply = await channel.UnaryAsync(CreateCertificateHandler.Path, Request(), IstioCertificateResponse.Parser);

        Assert.Equal(3, reply.CertChain.Count);
        Assert.Equal(CallerKind.X509Svid, Assert.Single(host.Issuance.Requests).Caller.Kind);
        Assert.Equal(AdmissionClass.Renewal, host.Admission.LastHint);
    }

    [Fact]
    public async Task The_cluster_is_told_to_authentication()
    {
        await using var host = await GatewayHost.StartAsync();
        var headers = Token("good");
        headers.Add("clusterid", "Kubernetes");
        await CallAsync(host, Request(), headers);

        Assert.Equal("Kubernetes", Assert.Single(host.Authenticator.Seen).ClusterId);
    }

    [Fact]
    public async Task An_unknown_method_is_unimplemented()
    {
        await using var host = await GatewayHost.StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(
            () => host.Channel().UnaryAsync("/istio.v1.auth.IstioCertificateService/Nothing", Request(), IstioCertificateResponse.Parser));
        Assert.Equal(RpcStatusCode.Unimplemented, refused.StatusCode);
    }

    internal static IstioCertificateRequest Request(long validitySeconds = 0, Struct? metadata = null)
        => new() { Csr = CsrPem.Encode(TestCa.Csr()), ValidityDuration = validitySeconds, Metadata = metadata };

    internal static RpcMetadata Token(string token)
    {
        var headers = new RpcMetadata();
        headers.Add("authorization", $"Bearer {token}");
        return headers;
    }

    private static Task<RpcReply<IstioCertificateResponse>> CallAsync(GatewayHost host, IstioCertificateRequest request, RpcMetadata headers)
        => host.Channel().UnaryReplyAsync(
            CreateCertificateHandler.Path, request, IstioCertificateResponse.Parser, new RpcCallOptions { Headers = headers, Timeout = TimeSpan.FromSeconds(30) });

    private static async Task<GatewayHost> AssertRefusedAsync(RpcStatusCode code, string text, IstioCertificateRequest request, RpcMetadata headers)
    {
        await using var host = await GatewayHost.StartAsync();
        var refused = await Assert.ThrowsAsync<RpcException>(() => CallAsync(host, request, headers));
        Assert.Equal(code, refused.StatusCode);
        Assert.StartsWith(text, refused.Detail, StringComparison.Ordinal);
        Assert.Equal(0, host.Admission.Inside);
        return host;
    }

    private static byte[] Der(string pem) => System.Security.Cryptography.X509Certificates.X509Certificate2.CreateFromPem(pem).RawData;
}
