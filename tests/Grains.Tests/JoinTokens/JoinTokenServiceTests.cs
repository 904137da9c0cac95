using MeshGrains.Testing;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class JoinTokenServiceTests
{
    private static readonly TimeSpan Ttl = TimeSpan.FromMinutes(10);

    private readonly MemoryJoinTokens _store = new();
    private readonly MemoryRegistrations _registrations = new();
    private readonly FakeTimeProvider _clock = new();
    private readonly JoinTokenService _tokens;

    public JoinTokenServiceTests()
    {
        _registrations.Entries.Add(EntryRulesTests.Good with { Id = "join", ParentId = EntryRules.JoinTokenParent("td.test"), Selectors = [] });
        _registrations.Entries.Add(EntryRulesTests.Good with { Id = "other" });
        _tokens = new JoinTokenService(
            _store, _registrations, Options.Create(new TrustDomainOptions { Name = "td.test" }), new SystemRandomSource(), _clock);
    }

    [Fact]
    public async Task A_token_admits_once()
    {
        var (value, token) = await _tokens.CreateAsync("join", Ttl, "operator", default);

        var redeemed = await _tokens.RedeemAsync(value, "a-call", default);

        Assert.Equal("join", redeemed?.EntryId);
        Assert.Equal(_clock.GetUtcNow() + Ttl, token.ExpiresAt);
        Assert.Null(await _tokens.RedeemAsync(value, "a-call", default));
    }

    [Fact]
    public async Task Of_many_at_once_one_is_admitted()
    {
        var (value, _) = await _tokens.CreateAsync("join", Ttl, "operator", default);

        var redeemed = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(async () => await _tokens.RedeemAsync(value, "a-call", default))));

        Assert.Single(redeemed, token => token is not null);
    }

    [Fact]
    public async Task The_store_never_sees_the_value()
    {
        var (value, _) = await _tokens.CreateAsync("join", Ttl, "operator", default);

        Assert.StartsWith("mgj_", value, StringComparison.Ordinal);
        Assert.Equal(47, value.Length);
        Assert.DoesNotContain(value, Assert.Single(_store.Tokens.Values).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_past_its_end_admits_nobody()
    {
        var (value, _) = await _tokens.CreateAsync("join", Ttl, "operator", default);
        _clock.Advance(Ttl);

        Assert.Null(await _tokens.RedeemAsync(value, "a-call", default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("mgj_")]
    [InlineData("mgj_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("xyz_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task What_is_no_token_of_ours_admits_nobody(string value) => Assert.Null(await _tokens.RedeemAsync(value, "a-call", default));

    [Theory]
    [InlineData("nobody", 600, "no_such_entry")]
    [InlineData("other", 600, "not_for_join_tokens")]
    [InlineData("join", 0, "bad_ttl")]
    [InlineData("join", 8 * 86_400, "bad_ttl")]
    public async Task A_token_is_made_for_a_joinable_entry_and_a_bounded_time_only(string entry, int seconds, string reason)
    {
        var refused = await Assert.ThrowsAsync<GrainOperationException>(async () => await _tokens.CreateAsync(entry, TimeSpan.FromSeconds(seconds), "operator", default));

        Assert.Equal(reason, refused.Reason);
        Assert.Empty(_store.Tokens);
    }

    [Fact]
    public async Task Making_tokens_drops_those_long_ended()
    {
        await _tokens.CreateAsync("join", Ttl, "operator", default);
        _clock.Advance(TimeSpan.FromDays(2));
        await _tokens.CreateAsync("join", Ttl, "operator", default);

        Assert.Single(_store.Tokens);
    }
}
