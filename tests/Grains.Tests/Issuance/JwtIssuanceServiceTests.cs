using System.Security.Cryptography;
using System.Text;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class JwtIssuanceServiceTests : IAsyncLifetime
{
    private readonly JwtSigner _signer = JwtSigner.Create(JwtAlgorithm.ES256);
    private IssuanceParts _parts = null!;

    public async Task InitializeAsync()
    {
        _parts = await IssuanceParts.StartAsync();
        Publish();
        Reserve(TimeSpan.FromHours(2));
    }

    public async Task DisposeAsync()
    {
        await _parts.DisposeAsync();
        _signer.Dispose();
    }

    [Fact]
    public async Task A_registered_caller_gets_a_token_that_its_trust_bundle_accepts()
    {
        var token = await IssuedAsync();
        Assert.True(Validate(token, out var svid), token.ToString());
        Assert.Equal((IssuanceParts.Cart, _parts.Now + TimeSpan.FromMinutes(5)), (svid!.Subject.ToString(), svid.ExpiresAt));
        Assert.DoesNotContain("\"iss\"", Encoding.UTF8.GetString(svid.ClaimsJson.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_record_is_durable_before_the_token_leaves_and_tells_of_it()
    {
        var durable = new TaskCompletionSource();
        _parts.Log.Gate = durable.Task;
        var pending = _parts.Jwt.IssueAsync(Request(), default).AsTask();
        await Waiting.UntilAsync(() => _parts.Log.Records.Count == 1, "the record");
        Assert.False(pending.IsCompleted);
        durable.SetResult();
        var token = (await pending).Svid!;

        var record = _parts.Log.Records.Single();
        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(token.Token)), record.DerSha256.ToArray());
        Assert.Equal(
            new IssuanceRecord(
                IssuanceRecordKind.JwtSvid, TestAuthority.Name, record.Serial, IssuanceParts.Cart, _parts.Service.Current!.AuthorityId, token.IssuedAt, token.ExpiresAt,
                "request-1", "k8s:prod/shop/cart", "template/template-1", _parts.Now, 2, default, _parts.Now),
            record with { DerSha256 = default });
    }

    [Fact]
    public async Task Without_a_log_no_token_leaves()
    {
        _parts.Log.OnAppend = _ => throw new IssuanceLogUnavailableException("The disk is full.");
        Assert.Equal((RefusalCode.Unavailable, "log_unavailable"), await RefusedAsync());
    }

    [Fact]
    public async Task A_fenced_silo_signs_no_tokens_either_and_asks_for_another_CA()
    {
        await _parts.Log.SealAsync(TestAuthority.Name, _parts.Service.Current!.AuthorityId, default);
        Assert.Equal((RefusalCode.Unavailable, "issuer_fenced"), await RefusedAsync());
        Assert.Null(_parts.Service.Current);
    }

    [Fact]
    public async Task A_key_that_does_not_lie_in_the_bundle_signs_nothing()
    {
        using var other = JwtSigner.Create(JwtAlgorithm.ES256);
        _parts.JwtSigning.Swap(new JwtSigning(other, _parts.Now.AddHours(2)));
        Assert.Equal((RefusalCode.Unavailable, "jwt_not_ready"), await RefusedAsync());
        Assert.Contains(other.KeyId, _parts.Jwt.NotReadyReason, StringComparison.Ordinal);
        Assert.Empty(_parts.Log.Records);
    }

    [Fact]
    public async Task No_token_outlives_what_is_recorded()
    {
        Reserve(TimeSpan.FromMinutes(2));
        Assert.Equal(_parts.Now.AddMinutes(2), (await IssuedAsync()).ExpiresAt);
        Reserve(TimeSpan.Zero);
        Assert.Equal((RefusalCode.Unavailable, "jwt_not_ready"), await RefusedAsync());
    }

    [Fact]
    public async Task Denials_hold_for_tokens_too()
    {
        await _parts.DenyAsync(DenialKind.QuarantinedIdentity, IssuanceParts.Cart);
        Assert.Equal((RefusalCode.PermissionDenied, "quarantined"), await RefusedAsync());
    }

    [Fact]
    public async Task A_denial_that_comes_while_the_record_is_written_keeps_the_token_back()
    {
        var durable = new TaskCompletionSource();
        _parts.Log.Gate = durable.Task;
        var pending = _parts.Jwt.IssueAsync(Request(), default).AsTask();
        await Waiting.UntilAsync(() => _parts.Log.Records.Count == 1, "the record");
        await _parts.DenyAsync(DenialKind.DeletedRegistration, "template-1");
        durable.SetResult();
        var (svid, refusal) = await pending;
        Assert.Null(svid);
        Assert.Equal("not_registered", refusal!.Reason);
    }

    [Fact]
    public async Task An_entry_may_ask_for_another_life_within_the_longest_and_an_agent_only_for_its_own()
    {
        var agent = new AgentStanding("spiffe://td.test/meshgrains/agent/n1", "agent-entry", _parts.Now, null);
        foreach (var (id, ttl) in new[] { ("short", 60), ("long", 90_000) })
        {
            await _parts.Registrations.PutEntryAsync(IssuanceParts.Entry(id) with { ParentId = agent.AgentId, JwtSvidTtlSeconds = ttl }, default);
        }

        AuthenticatedCaller Caller(string entry, AgentStanding standing) => new()
        {
            Kind = CallerKind.Agent, Name = standing.AgentId, SpiffeId = standing.AgentId, EntryId = entry, Agent = standing, AttestedAt = _parts.Now,
        };

        Assert.Equal(_parts.Now.AddMinutes(1), (await IssuedAsync(Caller("short", agent))).ExpiresAt);
        Assert.Equal(_parts.Now.AddHours(1), (await IssuedAsync(Caller("long", agent))).ExpiresAt);
        Assert.Equal(
            (RefusalCode.PermissionDenied, "not_this_agents_entry"),
            await RefusedAsync(Caller("short", agent with { AgentId = "spiffe://td.test/meshgrains/agent/n2" })));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(33, 1)]
    [InlineData(1, 2049)]
    [InlineData(8, 1025)]
    public async Task Audiences_have_bounds(int count, int length)
    {
        var (_, refusal) = await _parts.Jwt.IssueAsync(new JwtRequest(_parts.Token(), [.. Enumerable.Repeat(new string('a', length), count)], "request-1"), default);
        Assert.Equal((RefusalCode.InvalidArgument, "bad_audience"), (refusal!.Code, refusal.Reason));
    }

    [Fact]
    public async Task With_an_issuer_tokens_carry_it()
    {
        _parts.JwtOptions.Issuer = "https://id.example.org";
        Assert.True(Validate(await IssuedAsync(), out var svid));
        Assert.Contains("\"iss\":\"https://id.example.org\"", Encoding.UTF8.GetString(svid!.ClaimsJson.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_never_in_the_text_of_what_carries_it()
    {
        var token = await IssuedAsync();
        Assert.DoesNotContain(token.Token, token.ToString(), StringComparison.Ordinal);
    }

    private void Publish() => _parts.Silo.Issuers.Show(_parts.Silo.Authority.View with
    {
        BundleNumber = 2, JwtAuthorities = [new JwtAuthorityView(_signer.KeyId, "main", _signer.SubjectPublicKeyInfo.ToArray(), _parts.Now.AddDays(7))],
    });

    private void Reserve(TimeSpan ahead) => _parts.JwtSigning.Swap(new JwtSigning(_signer, _parts.Now + ahead));

    private JwtRequest Request(AuthenticatedCaller? caller = null) => new(caller ?? _parts.Token(), ["me"], "request-1");

    private async Task<IssuedJwt> IssuedAsync(AuthenticatedCaller? caller = null)
    {
        var (svid, refusal) = await _parts.Jwt.IssueAsync(Request(caller), default);
        Assert.Null(refusal);
        return svid!;
    }

    private async Task<(RefusalCode, string)> RefusedAsync(AuthenticatedCaller? caller = null)
    {
        var (svid, refusal) = await _parts.Jwt.IssueAsync(Request(caller), default);
        Assert.Null(svid);
        return (refusal!.Code, refusal.Reason);
    }

    private bool Validate(IssuedJwt token, out JwtSvid? svid) =>
        JwtSvidValidator.TryValidate(token.Token, "me", _ => _parts.Service.Current!.Bundle, _parts.Now, TimeSpan.Zero, out svid, out _);
}
