namespace MeshGrains.Bench.Tests.Holders;

public sealed class HeldCertificateTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(20);

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0.5, 10)]
    [InlineData(1, 12)]
    public void It_is_renewed_at_half_of_its_life_give_or_take_a_tenth(double random, int minutes)
        => Assert.Equal((Now.AddMinutes(minutes), HolderCause.Renewal), Certificate(1, random).Due);

    [Fact]
    public void An_order_for_its_root_or_its_issuing_CA_replaces_it_within_the_order_s_time()
    {
        foreach (var authority in new[] { "ca", "root" })
        {
            var certificate = Certificate(1, 0.5);
            certificate.Take(Order(authority, TimeSpan.FromMinutes(5)));

            Assert.Equal(HolderCause.Reissue, certificate.Due.Cause);
            Assert.InRange(certificate.Due.At, Now.AddSeconds(-0.1), Now.AddMinutes(5));
        }
    }

    [Fact]
    public void An_order_for_another_authority_or_one_that_ended_says_nothing()
    {
        var certificate = Certificate(1, 0.5);
        certificate.Take(Order("another", TimeSpan.Zero));
        Assert.Equal(HolderCause.Renewal, certificate.Due.Cause);

        certificate.Take(Order("root", TimeSpan.Zero));
        Assert.Equal((Now, HolderCause.Reissue), certificate.Due);
        certificate.Take(new Dictionary<string, (DateTimeOffset, TimeSpan)>());
        Assert.Equal(HolderCause.Renewal, certificate.Due.Cause);
    }

    [Fact]
    public void What_is_renewed_before_its_turn_comes_is_a_renewal()
    {
        var certificate = Certificate(1, 0);
        certificate.Take(Order("root", TimeSpan.FromDays(365)));

        Assert.Equal((Now.AddMinutes(8), HolderCause.Renewal), certificate.Due);
    }

    [Fact]
    public void The_tally_tells_apart_why_and_counts_what_lives_under_a_root_whether_replaced_or_not()
    {
        var tally = new HolderTally();
        tally.OrderSeen();
        tally.Took(HolderCause.First, Certificate(1, 0.5));
        tally.Took(HolderCause.Reissue, Certificate(2, 0.5, "next"));
        tally.Took(HolderCause.Renewal, Certificate(3, 0.5, "next"));
        tally.Own(Certificate(4, 0.5));

        Assert.Equal(3, tally.Issued);
        Assert.Equal(2, tally.LiveUnder("root", Now));
        Assert.Equal(2, tally.LiveUnder("next", Now.Add(Life).AddSeconds(-1)));
        Assert.Equal(0, tally.LiveUnder("root", Now.Add(Life)));
        Assert.Equal(0, tally.LiveUnder("unknown", Now));
        Assert.All(Enum.GetValues<HolderCause>(), cause => Assert.Equal(1, tally.PerSecond(cause, 0, int.MaxValue).Sum()));
        Assert.NotNull(tally.FirstOrder);
    }

    private static Dictionary<string, (DateTimeOffset, TimeSpan)> Order(string authority, TimeSpan over) => new() { [authority] = (Now, over) };

    private static HeldCertificate Certificate(byte leaf, double random, string root = "root") => new([leaf], ["ca", root], Now, Now + Life, random);
}
