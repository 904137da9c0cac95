using System.Net;
using MeshGrains.Gateway.Tests.Harness;
using MeshGrains.Grains;
using MeshGrains.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MeshGrains.Gateway.Tests.Authentication;

public sealed class CallerAuthenticatorTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly FakeJoinTokens _joinTokens = new();
    private readonly TempDirectory _folder = new();
    private readonly RecordedLogs _logs = new();
    private readonly KubernetesTokens _issuer;
    private readonly ServiceProvider _services;

    public CallerAuthenticatorTests()
    {
        _issuer = new KubernetesTokens("ES256", time: _time);
        var jwks = _issuer.WriteJwks(_folder.File("jwks.json"));
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(_logs));
        services.AddSingleton<TimeProvider>(_time);
        services.AddSingleton<IJoinTokenService>(_joinTokens);
        services.AddGatewayAuthentication();
        services.AddGatewayLimits();
        services.Configure<AttestationOptions>(options => options.Kubernetes.Add(
            new KubernetesIssuerOptions { Name = "prod", Issuer = KubernetesTokens.DefaultIssuer, JwksFile = jwks }));
        _services = services.BuildServiceProvider();
    }

    private static ParsedClientChain Svid(DateTimeOffset notAfter) => new("spiffe://mesh.local/ns/shop/sa/cart", "0a1b", notAfter);

    public void Dispose()
    {
        _services.Dispose();
        _logs.Dispose();
        _issuer.Dispose();
        _folder.Dispose();
    }

    private async Task<AuthenticationResult> AuthenticateAsync(string? token = null, ParsedClientChain? chain = null, string? clusterId = null)
        => await _services.GetRequiredService<ICallerAuthenticator>().AuthenticateAsync(
            new CallCredentials { BearerToken = token, ClientChain = chain, RemoteAddress = IPAddress.Loopback, CallId = "the-calls-id", ClusterId = clusterId },
            CancellationToken.None);

    [Fact]
    public async Task A_call_with_nothing_is_refused()
    {
        Assert.Equal("token_missing", (await AuthenticateAsync()).Refusal!.Reason);
        Assert.Equal("token_missing", (await AuthenticateAsync("")).Refusal!.Reason);
    }

    [Fact]
    public async Task A_Kubernetes_token_is_judged_by_its_issuer()
        => Assert.Equal("k8s:prod/shop/cart", (await AuthenticateAsync(_issuer.Create())).Caller!.Name);

    [Fact]
    public async Task Keys_are_asked_for_at_start()
    {
        foreach (var service in _services.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }

        var keys = _services.GetRequiredService<KubernetesSources>().All[0].Keys!;
        while (keys.Loading is { } load)
        {
            await load;
        }

        Assert.Equal(1, keys.Keys.Count);
    }

    [Fact]
    public async Task A_client_SVID_is_taken_while_it_lasts()
    {
        var chain = Svid(_time.GetUtcNow() + TimeSpan.FromMinutes(5));
        var caller = (await AuthenticateAsync(chain: chain)).Caller!;
        Assert.Equal(CallerKind.X509Svid, caller.Kind);
        Assert.Equal(chain.SpiffeId, caller.SpiffeId);
        Assert.Equal(chain.SpiffeId, caller.Name);
        Assert.Equal("0a1b", caller.CertificateSerial);
        Assert.Equal(default, caller.AttestedAt);
        Assert.Empty(caller.Selectors);

        _time.Advance(TimeSpan.FromMinutes(5));
        var refusal = (await AuthenticateAsync(chain: chain)).Refusal!;
        Assert.Equal("svid_expired", refusal.Reason);
        Assert.Equal(RefusalCode.Unauthenticated, refusal.Code);
    }

    [Fact]
    public async Task A_token_beside_a_client_SVID_wins_for_better_and_for_worse()
    {
        var chain = Svid(_time.GetUtcNow() + TimeSpan.FromMinutes(5));
        Assert.Equal(CallerKind.KubernetesToken, (await AuthenticateAsync(_issuer.Create(), chain)).Caller!.Kind);
        Assert.Equal("token_malformed", (await AuthenticateAsync("garbage", chain)).Refusal!.Reason);
    }

    [Fact]
    public async Task A_join_token_is_redeemed_once()
    {
        _joinTokens.Valid.Add("mgj_good");
        var caller = (await AuthenticateAsync("mgj_good")).Caller!;
        Assert.Equal(CallerKind.JoinToken, caller.Kind);
        Assert.Equal("entry-1", caller.EntryId);

        // So that the store knows another attempt at the same call.
        Assert.Equal("the-calls-id", _joinTokens.LastClaim);
        Assert.Equal("join:0011223344556677", caller.Name);
        Assert.DoesNotContain("good", caller.ToString(), StringComparison.Ordinal);
        Assert.Equal(_time.GetUtcNow(), caller.AttestedAt);

        Assert.Equal("join_token_refused", (await AuthenticateAsync("mgj_good")).Refusal!.Reason);
    }

    [Theory]
    [InlineData("mgj_ü")]
    [InlineData("mgj_a b")]
    [InlineData("mgj_a.b.c")]
    public async Task What_cannot_be_a_join_token_is_refused_without_asking_the_store(string token)
    {
        Assert.Equal("join_token_refused", (await AuthenticateAsync(token)).Refusal!.Reason);
        Assert.Equal("join_token_refused", (await AuthenticateAsync("mgj_" + new string('a', 200))).Refusal!.Reason);
        Assert.Equal(0, _joinTokens.Asked);
    }

    [Fact]
    public async Task A_join_token_that_cannot_be_looked_up_is_unavailable()
    {
        _joinTokens.Failure = new InvalidOperationException("the store is away");
        var refusal = (await AuthenticateAsync("mgj_good")).Refusal!;
        Assert.Equal("join_token_unavailable", refusal.Reason);
        Assert.Equal(RefusalCode.Unavailable, refusal.Code);
        Assert.DoesNotContain("store", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_join_token_whose_record_was_tampered_with_is_an_alarm_and_no_try_again(bool wrapped)
    {
        Exception tampered = new RecordTamperedException("join-token/1", "its tag is wrong");
        _joinTokens.Failure = wrapped ? new InvalidOperationException("the grain host's own", tampered) : tampered;
        var refusal = (await AuthenticateAsync("mgj_good")).Refusal!;
        Assert.Equal((RefusalCode.Internal, "record_tampered"), (refusal.Code, refusal.Reason));
        Assert.DoesNotContain("join-token/1", refusal.Message, StringComparison.Ordinal);
        Assert.Null(refusal.RetryAfter);
        Assert.Contains(_logs.Alarms, line => line.Contains("join-token/1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_that_sends_bad_tokens_is_soon_turned_away_unheard()
    {
        var admission = _services.GetRequiredService<IAdmission>();
        var heard = 0;
        Refusal? refusal;
        while (admission.TryEnter(IPAddress.Loopback, AdmissionClass.Newcomer, out refusal) is { } lease && heard < 1000)
        {
            await AuthenticateAsync("garbage");
            lease.Dispose();
            heard++;
        }

        Assert.Equal(100, heard);
        Assert.Equal("authentication_failures", refusal!.Reason);
        Assert.Equal(RefusalCode.ResourceExhausted, refusal.Code);
        Assert.NotNull(admission.TryEnter(IPAddress.Loopback, AdmissionClass.Renewal, out _));
        Assert.NotNull(admission.TryEnter(IPAddress.Parse("192.0.2.1"), AdmissionClass.Newcomer, out _));
        _time.Advance(refusal.RetryAfter!.Value);
        Assert.NotNull(admission.TryEnter(IPAddress.Loopback, AdmissionClass.Newcomer, out _));
    }

    [Fact]
    public async Task An_SVID_holder_that_sends_bad_tokens_pays_by_name_and_may_still_renew()
    {
        var chain = Svid(_time.GetUtcNow() + TimeSpan.FromMinutes(5));
        for (var i = 0; i < 100; i++)
        {
            Assert.Equal("token_malformed", (await AuthenticateAsync("garbage", chain)).Refusal!.Reason);
        }

        Assert.Equal("authentication_failures", (await AuthenticateAsync(_issuer.Create(), chain)).Refusal!.Reason);
        Assert.True((await AuthenticateAsync(chain: chain)).Succeeded);
        Assert.True((await AuthenticateAsync(_issuer.Create(), chain with { SpiffeId = "spiffe://mesh.local/neighbour" })).Succeeded);
        Assert.True((await AuthenticateAsync(_issuer.Create())).Succeeded);
    }

    [Fact]
    public async Task Answers_that_are_nobodys_fault_cost_the_sender_nothing()
    {
        _joinTokens.Failure = new InvalidOperationException("away");
        for (var i = 0; i < 500; i++)
        {
            Assert.Equal("join_token_unavailable", (await AuthenticateAsync("mgj_good")).Refusal!.Reason);
        }

        Assert.NotNull(_services.GetRequiredService<IAdmission>().TryEnter(IPAddress.Loopback, AdmissionClass.Newcomer, out _));
    }

    private sealed class FakeJoinTokens : IJoinTokenService
    {
        public HashSet<string> Valid { get; } = [];

        public Exception? Failure { get; set; }

        public int Asked { get; private set; }

        public string? LastClaim { get; private set; }

        public ValueTask<(string Value, JoinToken Token)> CreateAsync(string entryId, TimeSpan ttl, string createdBy, CancellationToken cancellationToken)
            => throw new NotSupportedException();

        public ValueTask<JoinToken?> RedeemAsync(string value, string claim, CancellationToken cancellationToken)
        {
            (Asked, LastClaim) = (Asked + 1, claim);
            return Failure is not null ? throw Failure
                : new ValueTask<JoinToken?>(Valid.Remove(value)
                    ? new JoinToken("0011223344556677" + new string('8', 48), "mesh.local", "entry-1", default, default, "uid:0")
                    : null);
        }
    }
}
