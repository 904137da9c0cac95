using System.Text.Json.Nodes;
using MeshGrains.Grains;
using MeshGrains.Testing;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class KubernetesTokenTests : IDisposable
{
    private readonly TokenHarness _harness = new();

    public void Dispose() => _harness.Dispose();

    [Fact]
    public async Task A_projected_token_gives_a_caller_with_the_facts_it_proves()
    {
        var result = await _harness.VerifyAsync(_harness.Issuer.Create("shop", "cart", new() { Pod = "cart-7", PodUid = "5b1d", Node = "node-a.zone" }));

        Assert.True(result.Succeeded, result.Refusal?.Message);
        var caller = result.Caller;
        Assert.Equal(CallerKind.KubernetesToken, caller.Kind);
        Assert.Equal("k8s:prod/shop/cart", caller.Name);
        Assert.Equal("prod", caller.Source);
        Assert.Equal("shop", caller.Fact("k8s", "ns"));
        Assert.Equal("cart", caller.Fact("k8s", "sa"));
        Assert.Equal("cart-7", caller.Fact("k8s", "pod-name"));
        Assert.Equal("5b1d", caller.Fact("k8s", "pod-uid"));
        Assert.Equal("node-a.zone", caller.Fact("k8s", "node-name"));
        Assert.Matches("^[0-9a-f-]{36}$", caller.Fact("k8s", "sa-uid"));
        Assert.Equal<IEnumerable<string>>(["/ns/"], caller.AllowedPaths);
        Assert.Equal(_harness.Time.GetUtcNow(), caller.AttestedAt);
        Assert.Null(caller.SpiffeId);
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("RS384")]
    [InlineData("RS512")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    [InlineData("ES384")]
    public async Task Every_allowed_algorithm_is_verified_and_a_changed_signature_refused(string algorithm)
    {
        using var harness = new TokenHarness(algorithm);
        var token = harness.Issuer.Create();

        Assert.Null(await harness.ReasonAsync(token));
        var at = token.Length - 20;
        var changed = token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..];
        Assert.Equal("token_bad_signature", await harness.ReasonAsync(changed));
    }

    [Fact]
    public async Task A_token_with_alg_none_is_refused()
    {
        Assert.Equal("token_alg_refused", await _harness.ReasonAsync(new KubernetesTokenOptions { Algorithm = "none" }));
        var token = _harness.Issuer.Create(options: new() { Algorithm = "none" });
        Assert.Equal("token_malformed", await _harness.ReasonAsync(token[..(token.LastIndexOf('.') + 1)]));
    }

    [Theory]
    [InlineData("HS256")]
    [InlineData("HS512")]
    [InlineData("rs256")]
    [InlineData("RS256 ")]
    [InlineData("EdDSA")]
    [InlineData("ES512")]
    public async Task An_algorithm_outside_the_supported_ones_is_refused(string algorithm)
        => Assert.Equal("token_alg_refused", await _harness.ReasonAsync(new KubernetesTokenOptions { Algorithm = algorithm }));

    [Fact]
    public async Task An_algorithm_that_the_issuer_is_not_allowed_is_refused()
        => Assert.Equal("token_alg_refused", await _harness.ReasonAsync(new KubernetesTokenOptions { Algorithm = "PS256" }));

    [Theory]
    [InlineData("RS256", "ES256")]
    [InlineData("RS256", "PS256")]
    [InlineData("RS256", "RS384")]
    [InlineData("ES256", "RS256")]
    [InlineData("ES256", "ES384")]
    public async Task An_allowed_algorithm_that_does_not_fit_the_key_is_refused(string real, string claimed)
    {
        using var harness = new TokenHarness(real, options => options.Algorithms.Add(claimed));

        Assert.Null(await harness.ReasonAsync(harness.Issuer.Create()));
        Assert.Equal("token_alg_refused", await harness.ReasonAsync(new KubernetesTokenOptions { Algorithm = claimed }));
    }

    [Fact]
    public async Task A_token_of_a_key_that_the_issuer_does_not_publish_is_refused()
        => Assert.Equal("token_unknown_key", await _harness.ReasonAsync(new KubernetesTokenOptions { KeyId = "other" }));

    [Fact]
    public async Task A_token_that_names_a_known_key_but_is_signed_by_another_is_refused()
    {
        using var other = new KubernetesTokens(time: _harness.Time);
        var token = other.Create(options: new() { KeyId = _harness.Issuer.KeyId });
        Assert.Equal("token_bad_signature", await _harness.ReasonAsync(token));
    }

    [Fact]
    public async Task A_token_without_kid_is_refused()
        => Assert.Equal("token_kid_missing", await _harness.ReasonAsync(new KubernetesTokenOptions { EditHeader = header => header.Remove("kid") }));

    [Theory]
    [InlineData("crit")]
    [InlineData("b64")]
    public async Task A_critical_extension_is_refused(string member)
        => Assert.Equal("token_crit_refused", await _harness.ReasonAsync(new KubernetesTokenOptions { EditHeader = header => header[member] = new JsonArray("exp") }));

    [Theory]
    [InlineData("""{"alg":"RS256","kid":"KID","alg":"none"}""")]
    [InlineData("""{"alg":"RS256","kid":"KID","\u0061lg":"none"}""")]
    [InlineData("""{"alg":"RS256","kid":"KID","x":1,"x":1}""")]
    [InlineData("""{"alg":"RS256","kid":"KID"}{}""")]
    [InlineData("""{"alg":"RS256","kid":"KID",}""")]
    [InlineData("""{"alg":"RS256","kid":"KID","typ":"at+jwt"}""")]
    [InlineData("""{"alg":["RS256"],"kid":"KID"}""")]
    [InlineData("""{"alg":"RS\u0032\u0035\u0036","kid":"KID"}""")]
    [InlineData("""{"kid":"KID"}""")]
    [InlineData("""["RS256"]""")]
    [InlineData("""{"alg":"RS256","kid":7}""")]
    [InlineData("{")]
    [InlineData("null")]
    public async Task A_header_that_is_not_plain_is_malformed(string header)
        => Assert.Equal("token_malformed", await _harness.ReasonAsync(new KubernetesTokenOptions { RawHeader = header.Replace("KID", _harness.Issuer.KeyId, StringComparison.Ordinal) }));

    [Fact]
    public async Task A_header_with_keys_of_its_own_gains_nothing_by_them()
    {
        using var other = new KubernetesTokens(time: _harness.Time);
        var own = JsonNode.Parse(other.Jwks())!["keys"]![0]!;
        var token = other.Create(options: new()
        {
            EditHeader = header =>
            {
                header["jwk"] = own.DeepClone();
                header["jku"] = "https://attacker.example/keys";
            },
        });
        Assert.Equal("token_unknown_key", await _harness.ReasonAsync(token));
    }

    [Theory]
    [InlineData("https://kubernetes.default.svc/")]
    [InlineData("https://other.example")]
    [InlineData("HTTPS://kubernetes.default.svc")]
    public async Task An_issuer_that_is_not_exactly_the_configured_one_is_refused(string issuer)
        => Assert.Equal("token_wrong_issuer", await _harness.ReasonAsync(new KubernetesTokenOptions { Issuer = issuer }));

    [Fact]
    public async Task Exactly_one_audience_is_taken_and_it_must_be_ours()
    {
        Assert.Equal("token_wrong_audience", await _harness.ReasonAsync(new KubernetesTokenOptions { Audiences = ["vault"] }));
        Assert.Equal("token_wrong_audience", await _harness.ReasonAsync(new KubernetesTokenOptions { Audiences = ["istio-ca", "vault"] }));
        Assert.Equal("token_wrong_audience", await _harness.ReasonAsync(new KubernetesTokenOptions { Audiences = ["istio-ca", "istio-ca"] }));
        Assert.Equal("token_wrong_audience", await _harness.ReasonAsync(new KubernetesTokenOptions { Audiences = [] }));
        Assert.Equal("token_wrong_audience", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims.Remove("aud") }));
        Assert.Equal("token_wrong_audience", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["aud"] = "istio-ca2" }));
        Assert.Equal("token_malformed", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["aud"] = 7 }));
        Assert.Null(await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["aud"] = "istio-ca" }));
    }

    [Fact]
    public async Task A_token_ends_with_its_exp_and_the_leeway()
    {
        var token = _harness.Issuer.Create(options: new() { Lifetime = TimeSpan.FromMinutes(10) });
        _harness.Time.Advance(TimeSpan.FromSeconds(629));
        Assert.Null(await _harness.ReasonAsync(token));
        _harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("token_expired", await _harness.ReasonAsync(token));
    }

    [Fact]
    public async Task A_token_without_exp_is_refused()
        => Assert.Equal("token_no_expiry", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims.Remove("exp") }));

    [Theory]
    [InlineData("nbf")]
    [InlineData("iat")]
    public async Task A_token_from_the_future_is_refused_beyond_the_leeway(string claim)
    {
        var now = _harness.Time.GetUtcNow().ToUnixTimeSeconds();
        Assert.Null(await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims[claim] = now + 30 }));
        Assert.Equal("token_not_yet_valid", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims[claim] = now + 31 }));
        Assert.Null(await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims.Remove(claim) }));
    }

    [Theory]
    [InlineData("exp", "1893500000.5")]
    [InlineData("exp", "\"1893500000\"")]
    [InlineData("exp", "-1")]
    [InlineData("exp", "1e99")]
    [InlineData("nbf", "true")]
    [InlineData("iat", "99999999999999999999")]
    public async Task Times_that_are_not_whole_seconds_are_malformed(string claim, string json)
        => Assert.Equal("token_malformed", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims[claim] = JsonNode.Parse(json) }));

    [Theory]
    [InlineData("namespace")]
    [InlineData("serviceaccount")]
    [InlineData("pod")]
    public async Task A_token_that_is_not_bound_to_a_pod_and_its_account_is_refused(string member)
        => Assert.Equal("token_unbound", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["kubernetes.io"]!.AsObject().Remove(member) }));

    [Theory]
    [InlineData("serviceaccount", "uid")]
    [InlineData("serviceaccount", "name")]
    [InlineData("pod", "uid")]
    public async Task A_token_without_the_uids_is_refused(string parent, string member)
        => Assert.Equal("token_unbound", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["kubernetes.io"]![parent]!.AsObject().Remove(member) }));

    [Fact]
    public async Task A_legacy_token_without_the_private_claim_is_refused()
        => Assert.Equal("token_unbound", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims.Remove("kubernetes.io") }));

    [Fact]
    public async Task Node_and_pod_name_may_be_absent()
    {
        var result = await _harness.VerifyAsync(_harness.Issuer.Create(options: new()
        {
            EditClaims = claims =>
            {
                claims["kubernetes.io"]!.AsObject().Remove("node");
                claims["kubernetes.io"]!["pod"]!.AsObject().Remove("name");
            },
        }));
        Assert.True(result.Succeeded);
        Assert.Null(result.Caller.Fact("k8s", "node-name"));
        Assert.Null(result.Caller.Fact("k8s", "pod-name"));
    }

    [Theory]
    [InlineData("system:serviceaccount:shop:other")]
    [InlineData("system:serviceaccount:shop:cart2")]
    [InlineData("system:serviceaccount:shopcart")]
    [InlineData("system:node:cart")]
    [InlineData("SYSTEM:serviceaccount:shop:cart")]
    public async Task A_subject_that_is_not_the_bound_account_is_refused(string subject)
        => Assert.Equal("token_wrong_subject", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["sub"] = subject }));

    [Fact]
    public async Task A_token_without_subject_is_refused()
        => Assert.Equal("token_wrong_subject", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims.Remove("sub") }));

    [Theory]
    [InlineData("shop/../admin", "cart")]
    [InlineData("shop", "cart/../../x")]
    [InlineData("shop", "Cart")]
    [InlineData("shop.prod", "cart")]
    [InlineData("shop", "cart-")]
    [InlineData("shop", "c..t")]
    [InlineData("sh\u00f6p", "cart")]
    [InlineData("shop", "ca\nrt")]
    public async Task Names_that_Kubernetes_does_not_allow_are_refused_even_when_signed(string ns, string account)
        => Assert.Equal("token_malformed", await _harness.ReasonAsync(_harness.Issuer.Create(ns, account)));

    [Theory]
    [InlineData("""{"iss":"A","iss":"A"}""")]
    [InlineData("""{"aud":["istio-ca"],"aud":["istio-ca"]}""")]
    [InlineData("""{"\u0069ss":"A"}""")]
    [InlineData("""{"kubernetes.io":{"namespace":"a","namespace":"b"}}""")]
    [InlineData("""{"kubernetes.io":{"pod":{"uid":"a","uid":"b"}}}""")]
    [InlineData("""{"kubernetes.io":{"pod":{"uid":"a"},"pod":{}}}""")]
    [InlineData("""{"kubernetes.io":"x"}""")]
    [InlineData("""{"kubernetes.io":{"pod":"x"}}""")]
    [InlineData("""{"x":[[[[[[[[[[1]]]]]]]]]]}""")]
    [InlineData("""{"iss":null}""")]
    [InlineData("[]")]
    [InlineData("")]
    [InlineData("{} {}")]
    public async Task Claims_that_are_not_plain_are_malformed(string claims)
        => Assert.Equal("token_malformed", await _harness.ReasonAsync(new KubernetesTokenOptions { RawClaims = claims }));

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b")]
    [InlineData("a.b.c.d")]
    [InlineData("garbage")]
    [InlineData("e30.e30.")]
    [InlineData(".e30.e30")]
    [InlineData("e30..e30")]
    [InlineData("e30=.e30.e30")]
    [InlineData("e30 .e30.e30")]
    [InlineData("e31.e30.e30")]
    [InlineData("é.e30.e30")]
    public async Task What_is_no_compact_JWS_is_malformed(string token)
        => Assert.Equal("token_malformed", await _harness.ReasonAsync(token));

    [Fact]
    public async Task Another_spelling_of_the_same_signature_is_refused()
    {
        // 256 bytes end in a group of two characters, whose last four bits must be zero.
        var token = _harness.Issuer.Create();
        Assert.Contains(token[^1], "AQgw");
        Assert.Equal("token_malformed", await _harness.ReasonAsync(token[..^1] + (char)(token[^1] + 1)));
        Assert.Equal("token_malformed", await _harness.ReasonAsync(token + "=="));
        Assert.Equal("token_bad_signature", await _harness.ReasonAsync(token + "AA"));
    }

    [Fact]
    public async Task A_token_of_16_KB_is_read_and_a_larger_one_is_not()
    {
        Assert.Equal("token_too_large", await _harness.ReasonAsync(new string('a', 16 * 1024 + 1)));
        Assert.Null(await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["padding"] = new string('x', 10_000) }));
        Assert.Equal("token_too_large", await _harness.ReasonAsync(new KubernetesTokenOptions { EditClaims = claims => claims["padding"] = new string('x', 13_000) }));
    }

    [Fact]
    public async Task What_is_refused_without_a_key_asks_nobody_for_keys()
    {
        string[] refused =
        [
            "garbage",
            _harness.Issuer.Create(options: new() { Lifetime = TimeSpan.FromMinutes(-5) }),
            _harness.Issuer.Create(options: new() { Audiences = ["vault"] }),
            _harness.Issuer.Create(options: new() { Issuer = "https://other.example" }),
            _harness.Issuer.Create(options: new() { Algorithm = "none" }),
        ];
        foreach (var token in refused)
        {
            Assert.NotNull(await _harness.ReasonAsync(token));
        }

        Assert.Equal(0, _harness.Loader.Loads);
    }

    [Fact]
    public async Task A_known_key_is_used_without_waiting()
    {
        var token = _harness.Issuer.Create();
        Assert.Null(await _harness.ReasonAsync(token));
        var verifying = _harness.VerifyAsync(token).AsTask();
        Assert.True(verifying.IsCompletedSuccessfully);
        Assert.True((await verifying).Succeeded);
    }

    [Fact]
    public void No_text_of_a_token_or_credential_shows_the_token()
    {
        var token = _harness.Issuer.Create();
        var credentials = new CallCredentials { BearerToken = token, RemoteAddress = System.Net.IPAddress.Loopback };
        Assert.DoesNotContain(token, credentials.ToString(), StringComparison.Ordinal);
        Assert.All(Enum.GetValues<TokenFault>(), fault => Assert.Equal(RefusalCode.Unauthenticated, TokenRefusals.For(fault).Code));
        Assert.All(Enum.GetValues<TokenFault>(), fault => Assert.Matches("^token_[a-z_]+$", TokenRefusals.For(fault).Reason));
    }
}
