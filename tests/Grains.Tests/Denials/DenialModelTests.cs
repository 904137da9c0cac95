namespace MeshGrains.Grains.Tests;

public sealed class DenialModelTests
{
    [Fact]
    public void No_number_is_called_effective_while_any_silo_may_issue_by_an_older_one()
    {
        var (claims, leases, dropped) = (0, 0, 0);
        for (var seed = 0; seed < 150; seed++)
        {
            var model = new DenialModel(seed);
            Assert.Null(model.Play(3000) is { } claim ? $"seed {seed}, {claim}" : null);
            (claims, leases, dropped) = (claims + model.Claims, leases + model.Leases, dropped + model.Dropped);
        }

        // A game in which nothing happens proves nothing.
        Assert.True(claims > 10_000 && leases > 5_000 && dropped > 200, $"claims {claims}, leases {leases}, dropped {dropped}");
    }

    [Fact]
    public void The_control_in_which_silent_silos_are_dropped_in_one_step_is_caught()
    {
        Assert.Contains(Enumerable.Range(0, 400), seed => new DenialModel(seed, OneStep).Play(3000) is not null);

        static DenialSet OneStep(DenialWitness witness, DenialSet set, TimeSpan now) =>
            DenialRoster.Tidy(set, holder => false, holder => witness.IsSilent(holder, now));
    }

    [Fact]
    public void The_control_in_which_a_leaving_silo_is_dropped_without_waiting_is_caught()
    {
        Assert.Contains(Enumerable.Range(0, 400), seed => new DenialModel(seed, NoWaiting).Play(3000) is not null);

        static DenialSet NoWaiting(DenialWitness witness, DenialSet set, TimeSpan now) =>
            DenialRoster.Tidy(set, holder => witness.IsSilent(holder, now), holder => holder.Leaving > 0);
    }
}
