using System.Text;
using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class FederationDecisionsTests
{
    private const string Name = "other.test";
    private static readonly TrustDomain Foreign = TrustDomain.Parse(Name);
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly DateTimeOffset Now = ForeignRoot.Now;
    private static readonly FederationOptions Options = new();
    private static readonly byte[][] Roots = [.. Enumerable.Range(0, 4).Select(_ => ForeignRoot.Make($"spiffe://{Name}"))];

    private static FederationState Begun => FederationDecisions.Put(new FederationState(), Web(), Skew, Now);

    [Fact]
    public void Over_any_series_of_documents_no_sequence_goes_back_and_none_names_two_contents()
    {
        Prop.ForAll<(byte? Sequence, byte Content)[]>(offers =>
        {
            var state = Begun;
            var seen = new Dictionary<ulong, string>();
            foreach (var (sequence, content) in offers)
            {
                var offered = sequence is { } number ? (ulong)(number % 8) : (ulong?)null;
                var before = state;
                state = Fetch(state, ForeignRoot.Bundle(Name, offered, Roots[content % 4]));
                Assert.True(state.Number >= before.Number);
                Assert.True(state.Sequence >= before.Sequence || before.Sequence is null);
                if (state.FailureReason is not null)
                {
                    Assert.Equal((before.Bundle, before.Trusted, before.Number, before.Sequence), (state.Bundle, state.Trusted, state.Number, state.Sequence));
                    continue;
                }

                Assert.True(offered is not null || before.Sequence is null);
                var held = Convert.ToHexString(FederationDecisions.Read(state.Trusted!, Foreign)!.X509Authorities[0].Der.Span);
                Assert.Equal(Convert.ToHexString(Roots[content % 4]), held);
                if (offered is { } known)
                {
                    Assert.Equal(held, seen.GetValueOrDefault(known, held));
                    seen[known] = held;
                }
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void A_lower_sequence_and_the_same_one_with_other_keys_are_refused_and_seen()
    {
        var held = Fetch(Begun, ForeignRoot.Bundle(Name, 7, Roots[0]));

        Assert.Equal("sequence_rollback", Fetch(held, ForeignRoot.Bundle(Name, 6, Roots[0])).FailureReason);
        Assert.Equal("sequence_reused", Fetch(held, ForeignRoot.Bundle(Name, 7, Roots[1])).FailureReason);
        Assert.Equal("sequence_missing", Fetch(held, ForeignRoot.Bundle(Name, null, Roots[1])).FailureReason);
        var again = Fetch(held, ForeignRoot.Bundle(Name, 7, Roots[0]));
        Assert.Equal((null, held.Number), (again.FailureReason, again.Number));
        Assert.True(Fetch(held, ForeignRoot.Bundle(Name, 8, Roots[1])).Number > held.Number);
    }

    [Fact]
    public void Without_a_sequence_from_the_first_day_bundles_are_taken_as_they_come()
    {
        var held = Fetch(Begun, ForeignRoot.Bundle(Name, null, Roots[0]));
        var next = Fetch(held, ForeignRoot.Bundle(Name, null, Roots[1]));

        Assert.Null(next.FailureReason);
        Assert.True(next.Number > held.Number);
    }

    public static TheoryData<string, string> Lies() => new()
    {
        { "foreign_authority", Text(ForeignRoot.Bundle(Name, 9, Roots[0], ForeignRoot.Make("spiffe://third.test"))) },
        { "foreign_authority", Text(ForeignRoot.Bundle(Name, 9, ForeignRoot.Make("spiffe://other.test.evil.test"))) },
        { "no_usable_root", Text(ForeignRoot.Bundle(Name, 9, ForeignRoot.Make($"spiffe://{Name}", TimeSpan.FromDays(-9), TimeSpan.FromDays(-1)))) },
        { "no_usable_root", Text(ForeignRoot.Bundle(Name, 9, ForeignRoot.Make($"spiffe://{Name}", TimeSpan.FromDays(1)))) },
        { "no_usable_root", Text(ForeignRoot.Bundle(Name, 9, ForeignRoot.Make($"spiffe://{Name}", isCa: false))) },
        { "malformed", Text(ForeignRoot.Bundle(Name, 9, Roots[0]))[..100] },
        { "malformed", """{"keys":[],"keys":[],"spiffe_sequence":9}""" },
        { "malformed", """{"spiffe_sequence":9}""" },
        { "malformed", "<html>" },
        { "malformed", "" },
        { "malformed", """{"keys":[],"spiffe_sequence":-1}""" },
    };

    [Theory]
    [MemberData(nameof(Lies))]
    public void A_document_that_lies_changes_nothing_but_what_is_told_of_the_last_fetch(string reason, string document)
    {
        var held = Fetch(Begun, ForeignRoot.Bundle(Name, 7, Roots[0]));

        var next = Fetch(held, Encoding.UTF8.GetBytes(document));

        Assert.Equal(reason, next.FailureReason);
        Assert.Equal(1, next.Failures);
        Assert.Equal((held.Bundle, held.Trusted, held.Number, held.Sequence, held.LastSuccessAt), (next.Bundle, next.Trusted, next.Number, next.Sequence, next.LastSuccessAt));
        Assert.True(next.NextAt > Now && next.NextAt <= Now + TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void Empty_keys_withdraw_all_trust()
    {
        var held = Fetch(Begun, ForeignRoot.Bundle(Name, 7, Roots[0]));
        var next = Fetch(held, ForeignRoot.Bundle(Name, 8));

        Assert.Null(next.FailureReason);
        Assert.True(next.Number > held.Number);
        Assert.Empty(FederationDecisions.Read(next.Trusted!, Foreign)!.X509Authorities);
    }

    [Fact]
    public void A_root_that_ended_or_has_not_begun_is_left_out_and_looked_at_again_when_that_changes()
    {
        var late = ForeignRoot.Make($"spiffe://{Name}", TimeSpan.FromHours(2));
        var held = Fetch(Begun, ForeignRoot.Bundle(Name, 1, Roots[0], late, ForeignRoot.Make($"spiffe://{Name}", TimeSpan.FromDays(-9), TimeSpan.FromDays(-1))));

        Assert.Single(FederationDecisions.Read(held.Trusted!, Foreign)!.X509Authorities);
        Assert.Equal(2, held.LeftOut!.Value.Length);
        Assert.Same(held, FederationDecisions.Review(held, Foreign, Skew, Now + TimeSpan.FromHours(1)));

        var later = FederationDecisions.Review(held, Foreign, Skew, Now + TimeSpan.FromHours(2));
        Assert.Equal(2, FederationDecisions.Read(later.Trusted!, Foreign)!.X509Authorities.Count);
        Assert.True(later.Number > held.Number);

        var ended = FederationDecisions.Review(later, Foreign, Skew, Now + TimeSpan.FromDays(800));
        Assert.Empty(FederationDecisions.Read(ended.Trusted!, Foreign)!.X509Authorities);
    }

    [Fact]
    public void What_ended_and_began_anew_under_the_same_name_has_a_higher_number()
    {
        var held = Fetch(Begun, ForeignRoot.Bundle(Name, 7, Roots[0]));
        var gone = FederationDecisions.Delete(held, "op-2", Now);
        var anew = FederationDecisions.Put(gone, Web() with { OperationId = "op-3" }, Skew, Now);

        Assert.False(FederationDecisions.Exists(gone));
        Assert.Null(gone.Bundle);
        Assert.True(anew.Number > gone.Number && gone.Number > held.Number);
        Assert.Null(Fetch(anew, ForeignRoot.Bundle(Name, 1, Roots[1])).FailureReason);
    }

    [Fact]
    public void A_relationship_that_stands_is_changed_by_the_configuration_alone()
    {
        Assert.Equal("federation_exists", Refusal(() => FederationDecisions.Put(Begun, Web() with { OperationId = "op-9" }, Skew, Now)));
        var configured = FederationDecisions.Put(new FederationState(), Web() with { Configured = true }, Skew, Now);
        Assert.Same(configured, FederationDecisions.Put(configured, Web() with { Configured = true, OperationId = "op-9" }, Skew, Now));
        var moved = FederationDecisions.Put(configured, Web() with { Configured = true, OperationId = "op-9", Url = "https://elsewhere.test/" }, Skew, Now);
        Assert.Equal("https://elsewhere.test/", moved.Url);
    }

    [Fact]
    public void An_endpoint_of_the_foreign_trust_domain_itself_needs_a_bundle_to_begin_with()
    {
        var wanted = Spiffe($"spiffe://{Name}/endpoint");

        Assert.Equal("bundle_missing", Refusal(() => FederationDecisions.Put(new FederationState(), wanted, Skew, Now)));
        var begun = FederationDecisions.Put(new FederationState(), wanted with { Bundle = ForeignRoot.Bundle(Name, 4, Roots[0]) }, Skew, Now);
        Assert.Equal(4UL, begun.Sequence);
        Assert.Equal("sequence_rollback", Fetch(begun, ForeignRoot.Bundle(Name, 3, Roots[0])).FailureReason);
        Assert.Null(FederationDecisions.Put(new FederationState(), Spiffe("spiffe://third.test/endpoint"), Skew, Now).Bundle);
    }

    [Theory]
    [InlineData("our.test", "https://a.test/", "https_web", null)]
    [InlineData("not a domain", "https://a.test/", "https_web", null)]
    [InlineData(Name, "http://a.test/", "https_web", null)]
    [InlineData(Name, "https://user@a.test/", "https_web", null)]
    [InlineData(Name, "https://a.test/#x", "https_web", null)]
    [InlineData(Name, "ftp://a.test/", "https_web", null)]
    [InlineData(Name, "a.test", "https_web", null)]
    [InlineData(Name, "https://a.test/", "https", null)]
    [InlineData(Name, "https://a.test/", "https_web", "spiffe://other.test/e")]
    [InlineData(Name, "https://a.test/", "https_spiffe", null)]
    [InlineData(Name, "https://a.test/", "https_spiffe", "spiffe://other.test")]
    public void What_no_relationship_can_be_is_refused_in_a_sentence(string name, string url, string profile, string? endpoint) =>
        Assert.NotNull(FederationRules.Check(new PutFederation("op", name, url, profile, endpoint, null, null, false), "our.test"));

    [Theory]
    [InlineData(null, 300)]
    [InlineData(1, 30)]
    [InlineData(600, 600)]
    [InlineData(int.MaxValue, 3600)]
    public void Polls_go_by_the_hint_within_bounds(int? hint, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), FederationDecisions.Interval(hint, Options));

    private static FederationState Fetch(FederationState state, byte[] body) => FederationDecisions.Fetched(state, body, Foreign, Options, Skew, 1, Now);

    private static PutFederation Web() => new("op-1", Name, "https://bundle.other.test/", BundleEndpointProfile.Web, null, null, null, false);

    private static PutFederation Spiffe(string endpoint) => Web() with { Profile = BundleEndpointProfile.Spiffe, EndpointSpiffeId = endpoint };

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static string Refusal(Action act) => Assert.Throws<GrainOperationException>(act).Reason;
}
