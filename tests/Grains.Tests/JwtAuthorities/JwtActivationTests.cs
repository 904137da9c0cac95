using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

/// <summary>When a JWT authority's successor may sign, and what becomes of a tainted one.</summary>
public sealed class JwtActivationTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hint = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly JwtActivationFacts Held = new(Shortfall.None, Shortfall.None, null);
    private static readonly JwtActivationFacts SiloLags = Held with { Silos = Shortfall.Of(["silo-1"]) };
    private static readonly JwtActivationFacts AgentLags = Held with { Agents = Shortfall.Of(["agent"]) };
    private static readonly JwtActivationFacts Unknown = Held with { Failure = "the roster does not answer" };

    private readonly JwtOptions _options = new();
    private readonly JwtSigner[] _signers = [.. Enumerable.Range(0, 12).Select(_ => JwtSigner.Create(JwtAlgorithm.ES256))];

    private DateTimeOffset Half => Start + (_options.AuthorityTtl / 2);

    public void Dispose() => Array.ForEach(_signers, signer => signer.Dispose());

    [Fact]
    public void A_successor_waits_for_its_lead_and_then_for_every_silo_and_every_live_agent()
    {
        var state = Followed(Half);
        var led = Half + (5 * Hint);

        Assert.Equal(JwtAuthorityStep.None, Next(state, Held, led.AddSeconds(-1)));
        Assert.Equal(JwtAuthorityStep.Ask, Next(state, null, led));
        foreach (var lacking in new[] { SiloLags, AgentLags, Unknown })
        {
            Assert.Equal(JwtAuthorityStep.None, Next(state, lacking, led));
        }

        Assert.Equal(JwtAuthorityStep.Activate, Next(state, Held, led));
    }

    [Fact]
    public void It_waits_for_nobody_when_tokens_of_the_active_key_would_be_cut_short()
    {
        var state = Followed(Half);
        var latest = state.Authorities[0].NotAfter - _options.MaxTtl;

        foreach (var lacking in new[] { SiloLags, AgentLags, Unknown })
        {
            Assert.Equal(JwtAuthorityStep.None, Next(state, lacking, latest.AddSeconds(-1)));
            Assert.Equal(JwtAuthorityStep.Activate, Next(state, lacking, latest));
        }

        Assert.Equal(JwtAuthorityStep.Activate, Next(state, null, latest));
    }

    [Fact]
    public void One_that_was_made_late_keeps_its_lead_to_the_active_keys_end()
    {
        var end = Followed(Half).Authorities[0].NotAfter;
        var state = Followed(end - TimeSpan.FromMinutes(10));

        Assert.Equal(JwtAuthorityStep.None, Next(state, Held, end.AddSeconds(-1)));
        Assert.Equal(JwtAuthorityStep.Activate, Next(state, AgentLags, end));
    }

    [Fact]
    public void A_key_that_an_older_version_published_waits_for_its_lead_alone() =>
        Assert.Equal(JwtAuthorityStep.Activate, Next(Followed(Half, number: null), null, Half + (5 * Hint)));

    [Fact]
    public void A_successor_that_was_ordered_is_made_at_once_and_once_an_order()
    {
        var state = JwtAuthorityDecisions.Succeed(First(), new RotateJwtAuthority("order", "drill", "ada"));
        Assert.Equal(JwtAuthorityStep.Prepare, Next(state, null, Start));
        Assert.Same(state, JwtAuthorityDecisions.Succeed(state, new RotateJwtAuthority("order", "drill", "ada")));

        state = Publish(state, 1, Start, 5);
        Assert.Same(state, JwtAuthorityDecisions.Succeed(state, new RotateJwtAuthority("another", "drill", "ada")));
        state = JwtAuthorityDecisions.Activate(state, _signers[1].KeyId, "op");
        Assert.Equal(JwtAuthorityStep.None, Next(state with { Authorities = [state.Authorities[1]] }, null, Start));
        Assert.Same(state, JwtAuthorityDecisions.Succeed(state, new RotateJwtAuthority("order", "drill", "ada")));
        Assert.Equal(JwtAuthorityStep.Prepare, Next(JwtAuthorityDecisions.Succeed(state with { Authorities = [state.Authorities[1]] }, new("another", "drill", "ada")), null, Start));
    }

    [Fact]
    public void A_tainted_key_leaves_the_bundle_first_and_its_successor_waits_for_silos_alone_and_not_for_long()
    {
        var state = JwtAuthorityDecisions.Taint(First(), new TaintJwtAuthority("op", _signers[0].KeyId, "stolen", "ada"), Start);
        var tainted = state.Authorities[0];
        Assert.Equal((AuthorityState.Tainted, "stolen", "ada", 0), (tainted.State, tainted.TaintReason, tainted.TaintedBy, tainted.SealedKey.Length));
        Assert.Same(state, JwtAuthorityDecisions.Taint(state, new TaintJwtAuthority("op-2", _signers[0].KeyId, "again", "bob"), Start));

        Assert.Equal(JwtAuthorityStep.Revoke, Next(state, null, Start));
        state = JwtAuthorityDecisions.Withdrawn(state, _signers[0].KeyId, "op", Start);
        Assert.Equal(JwtAuthorityStep.Prepare, Next(state, null, Start));
        state = Publish(state, 1, Start, 6);
        Assert.Equal(JwtAuthorityStep.Ask, Next(state, null, Start));
        Assert.Equal(JwtAuthorityStep.None, Next(state, SiloLags, Start));
        Assert.Equal(JwtAuthorityStep.None, Next(state, Unknown, Start));
        Assert.Equal(JwtAuthorityStep.Activate, Next(state, AgentLags, Start));
        Assert.Equal(JwtAuthorityStep.Activate, Next(state, SiloLags, Start + JwtAuthorityDecisions.SilosHaveAtMost));

        state = JwtAuthorityDecisions.Activate(state, _signers[1].KeyId, "op");
        Assert.Equal(AuthorityState.Tainted, state.Authorities[0].State);
        var end = tainted.NotAfter + Skew;
        Assert.Equal(JwtAuthorityStep.None, Next(state with { Authorities = [state.Authorities[0], state.Authorities[1] with { CreatedAt = end, NotAfter = end.AddDays(7) }] }, Held, end.AddSeconds(-1)));
        Assert.Equal(JwtAuthorityStep.Forget, Next(state, Held, end));
    }

    [Fact]
    public void An_old_or_a_prepared_key_that_is_tainted_hurries_nobody()
    {
        var state = Followed(Half);
        var noPrepared = JwtAuthorityDecisions.Withdrawn(
            JwtAuthorityDecisions.Taint(state, new TaintJwtAuthority("op", _signers[1].KeyId, "stolen", "ada"), Half), _signers[1].KeyId, "op", Half);
        Assert.Equal(JwtAuthorityStep.Prepare, Next(noPrepared, null, Half));
        noPrepared = Publish(noPrepared, 2, Half, 9);
        Assert.Equal(JwtAuthorityStep.None, Next(noPrepared, Held, Half + Hint));
        Assert.Equal(JwtAuthorityStep.None, Next(noPrepared, AgentLags, Half + (5 * Hint)));
    }

    [Fact]
    public void Keys_tainted_one_after_another_fill_no_list()
    {
        var state = First();
        for (var i = 1; i < _signers.Length; i++)
        {
            var now = Start.AddMinutes(i);
            state = JwtAuthorityDecisions.Taint(state, new TaintJwtAuthority($"op-{i}", _signers[i - 1].KeyId, "drill", "ada"), now);
            state = JwtAuthorityDecisions.Withdrawn(state, _signers[i - 1].KeyId, "op", now);
            Assert.Equal(JwtAuthorityStep.Prepare, Next(state, null, now));
            state = JwtAuthorityDecisions.Activate(Publish(state, i, now, i), _signers[i].KeyId, "op");
        }

        Assert.Equal(9, state.Authorities.Length);
        Assert.Equal(
            "no_such_jwt_authority",
            Assert.Throws<GrainOperationException>(() => JwtAuthorityDecisions.Taint(state, new TaintJwtAuthority("op", "ab", "r", "a"), Start)).Reason);
    }

    private JwtAuthorityStep Next(JwtAuthorityState state, JwtActivationFacts? facts, DateTimeOffset now) =>
        JwtAuthorityDecisions.Next(state, _options, Hint, Skew, facts, now).Step;

    private JwtAuthorityState First() => JwtAuthorityDecisions.Activate(Publish(new JwtAuthorityState(), 0, Start, 2), _signers[0].KeyId, "op");

    private JwtAuthorityState Followed(DateTimeOffset at, long? number = 3) => Publish(First(), 1, at, number);

    private JwtAuthorityState Publish(JwtAuthorityState state, int signer, DateTimeOffset at, long? number) => JwtAuthorityDecisions.Published(
        JwtAuthorityDecisions.Prepare(state, _signers[signer], [1], _options.AuthorityTtl, "op", at), _signers[signer].KeyId, number, "op", at);
}
