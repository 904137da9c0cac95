namespace MeshGrains.Grains.Tests;

public sealed class DenialConfirmationsTests
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Nothing_is_effective_while_silos_from_before_the_start_may_still_live()
    {
        var confirmations = new DenialConfirmations(Lease, Start);
        confirmations.Confirm("a", 5, Start);

        Assert.Null(confirmations.EffectiveAt(5, Start + Lease - TimeSpan.FromSeconds(1)));
        Assert.Equal(Start + Lease, confirmations.EffectiveAt(5, Start + Lease));
    }

    [Fact]
    public void A_number_is_effective_when_every_silo_has_confirmed_it()
    {
        var (confirmations, now) = Running();
        confirmations.Confirm("a", 5, now);
        confirmations.Confirm("b", 4, now);

        Assert.Null(confirmations.EffectiveAt(5, now));

        confirmations.Confirm("b", 5, now);
        Assert.Equal(now, confirmations.EffectiveAt(5, now));
    }

    [Fact]
    public void A_silo_that_outlived_its_lease_holds_nothing_up()
    {
        var (confirmations, now) = Running();
        confirmations.Confirm("a", 5, now);
        confirmations.Confirm("cut-off", 4, now);

        Assert.Null(confirmations.EffectiveAt(5, now + Lease - TimeSpan.FromMilliseconds(1)));
        Assert.NotNull(confirmations.EffectiveAt(5, now + Lease));
    }

    [Fact]
    public void The_moment_once_told_does_not_change()
    {
        var (confirmations, now) = Running();
        confirmations.Confirm("a", 5, now);
        var first = confirmations.EffectiveAt(5, now);

        confirmations.Confirm("newcomer", 3, now + Lease);

        Assert.Equal(first, confirmations.EffectiveAt(5, now + Lease));
    }

    private static (DenialConfirmations Confirmations, DateTimeOffset Now) Running() => (new DenialConfirmations(Lease, Start), Start + (2 * Lease));
}
