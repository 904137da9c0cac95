using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class JwtAuthorityDecisionsTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hint = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);
    private static readonly JwtSigner[] Signers = [.. Enumerable.Range(0, 40).Select(_ => JwtSigner.Create(JwtAlgorithm.ES256))];

    [Fact]
    public void The_first_key_is_made_published_and_only_then_signs_and_at_once()
    {
        var options = new JwtOptions();
        var state = new JwtAuthorityState();
        Assert.Equal(JwtAuthorityStep.Prepare, Next(state, options, Start).Step);
        state = JwtAuthorityDecisions.Prepare(state, Signers[0], [1], options.AuthorityTtl, "op", Start);
        Assert.Equal((JwtAuthorityStep.Publish, Signers[0].KeyId), (Next(state, options, Start).Step, Next(state, options, Start).Key!.KeyId));
        state = JwtAuthorityDecisions.Published(state, Signers[0].KeyId, null, "op", Start);
        Assert.Equal(JwtAuthorityStep.Activate, Next(state, options, Start).Step);
        state = JwtAuthorityDecisions.Activate(state, Signers[0].KeyId, "op");
        Assert.Equal(JwtAuthorityStep.None, Next(state, options, Start).Step);
    }

    [Fact]
    public void A_successor_is_made_at_half_life_and_waits_for_its_lead()
    {
        var options = new JwtOptions();
        var half = Start + (options.AuthorityTtl / 2);
        var state = Active(options);
        Assert.Equal(JwtAuthorityStep.None, Next(state, options, half.AddSeconds(-1)).Step);
        Assert.Equal(JwtAuthorityStep.Prepare, Next(state, options, half).Step);

        state = JwtAuthorityDecisions.Published(JwtAuthorityDecisions.Prepare(state, Signers[1], [1], options.AuthorityTtl, "op", half), Signers[1].KeyId, null, "op", half);
        Assert.Equal(JwtAuthorityStep.None, Next(state, options, half + (5 * Hint) - TimeSpan.FromSeconds(1)).Step);
        Assert.Equal(JwtAuthorityStep.Activate, Next(state, options, half + (5 * Hint)).Step);
    }

    [Fact]
    public void With_an_issuer_the_lead_is_a_day_and_another_algorithm_asks_for_a_successor_at_once()
    {
        var options = new JwtOptions { Issuer = "https://id.example.org" };
        Assert.Equal(TimeSpan.FromHours(24), options.LeadAfter(Hint));
        Assert.Equal(JwtAlgorithm.RS256, options.Algorithm);
        Assert.Equal(JwtAuthorityStep.Prepare, Next(Active(new JwtOptions()), options, Start).Step);
    }

    [Fact]
    public void An_old_key_goes_when_the_highest_recorded_expiry_has_passed_and_not_before()
    {
        var options = new JwtOptions();
        var state = Active(options);
        state = JwtAuthorityDecisions.Reserve(state, state.Authorities[0], options, "op", Start);
        var highest = state.Authorities[0].HighestExpiry!.Value;
        Assert.Equal(Start + options.MaxTtl + options.ReserveAhead, highest);
        state = JwtAuthorityDecisions.Prepare(state, Signers[1], [1], options.AuthorityTtl, "op", Start);
        state = JwtAuthorityDecisions.Activate(JwtAuthorityDecisions.Published(state, Signers[1].KeyId, null, "op", Start), Signers[1].KeyId, "op");
        Assert.Equal([AuthorityState.Old, AuthorityState.Active], state.Authorities.Select(key => key.State));

        Assert.Equal(JwtAuthorityStep.None, Next(state, options, highest + Skew - TimeSpan.FromSeconds(1)).Step);
        Assert.Equal((JwtAuthorityStep.Retire, Signers[0].KeyId), (Next(state, options, highest + Skew).Step, Next(state, options, highest + Skew).Key!.KeyId));
    }

    [Fact]
    public void A_reservation_is_written_only_when_half_of_it_is_used_up()
    {
        var options = new JwtOptions();
        var state = Active(options);
        state = JwtAuthorityDecisions.Reserve(state, state.Authorities[0], options, "op", Start);
        Assert.Same(state, JwtAuthorityDecisions.Reserve(state, state.Authorities[0], options, "op-2", Start + (options.ReserveAhead / 2)));
        Assert.NotSame(state, JwtAuthorityDecisions.Reserve(state, state.Authorities[0], options, "op-2", Start + (options.ReserveAhead / 2) + TimeSpan.FromSeconds(1)));

        var late = state.Authorities[0].NotAfter - TimeSpan.FromMinutes(1);
        state = JwtAuthorityDecisions.Reserve(state, state.Authorities[0], options, "op-3", late);
        Assert.Equal(state.Authorities[0].NotAfter, state.Authorities[0].HighestExpiry);
        Assert.Same(state, JwtAuthorityDecisions.Reserve(state, state.Authorities[0], options, "op-4", late));
    }

    [Fact]
    public void However_time_passes_nothing_signs_unpublished_and_nothing_goes_while_a_token_may_live()
    {
        Prop.ForAll(Gen.ArrayOf(Gen.Choose(1, 100_000)).Resize(30).ToArbitrary(), pauses =>
        {
            var options = new JwtOptions { AuthorityTtl = TimeSpan.FromDays(2) };
            var (state, now, made) = (new JwtAuthorityState(), Start, 0);
            foreach (var pause in pauses)
            {
                for (var (step, key) = Next(state, options, now); step != JwtAuthorityStep.None && made < Signers.Length; (step, key) = Next(state, options, now))
                {
                    if (step == JwtAuthorityStep.Activate && key!.PublishedAt is null)
                    {
                        return false;
                    }

                    if (step == JwtAuthorityStep.Retire && key!.HighestExpiry > now)
                    {
                        return false;
                    }

                    state = step switch
                    {
                        JwtAuthorityStep.Prepare => JwtAuthorityDecisions.Prepare(state, Signers[made++], [1], options.AuthorityTtl, "op", now),
                        JwtAuthorityStep.Publish => JwtAuthorityDecisions.Published(state, key!.KeyId, null, "op", now),
                        JwtAuthorityStep.Activate => JwtAuthorityDecisions.Activate(state, key!.KeyId, "op"),
                        _ => JwtAuthorityDecisions.Retired(state, key!.KeyId, "op"),
                    };
                    if (state.Authorities.Count(one => one.State == AuthorityState.Active) > 1 || state.Authorities.Count(one => one.State == AuthorityState.Prepared) > 1)
                    {
                        return false;
                    }
                }

                if (JwtAuthorityDecisions.Find(state, AuthorityState.Active) is { } active)
                {
                    state = JwtAuthorityDecisions.Reserve(state, active, options, "op", now);
                }

                now = now.AddSeconds(pause);
            }

            return state.Authorities.All(key => !(key.HighestExpiry > key.NotAfter));
        }).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
    }

    private static (JwtAuthorityStep Step, JwtAuthorityRecord? Key) Next(
        JwtAuthorityState state, JwtOptions options, DateTimeOffset now, JwtActivationFacts? facts = null) =>
        JwtAuthorityDecisions.Next(state, options, Hint, Skew, facts, now);

    private static JwtAuthorityState Active(JwtOptions options)
    {
        var state = JwtAuthorityDecisions.Prepare(new JwtAuthorityState(), Signers[0], [1], options.AuthorityTtl, "op", Start);
        return JwtAuthorityDecisions.Activate(JwtAuthorityDecisions.Published(state, Signers[0].KeyId, null, "op", Start), Signers[0].KeyId, "op");
    }
}
