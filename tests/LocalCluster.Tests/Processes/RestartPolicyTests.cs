namespace MeshGrains.LocalCluster.Tests;

public sealed class RestartPolicyTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private readonly RestartPolicy _policy = new(() => 0.5);

    [Fact]
    public void A_wrong_configuration_is_not_tried_again() => Assert.Null(_policy.Next(RestartPolicy.BadConfiguration, Soon));

    [Fact]
    public void Waits_double_up_to_half_a_minute()
    {
        var waits = Enumerable.Range(0, 9).Select(_ => _policy.Next(1, Soon)!.Value.TotalSeconds);

        Assert.Equal([0.5, 1, 2, 4, 8, 16, 30, 30, 30], waits);
    }

    [Fact]
    public void A_minute_of_life_makes_the_waits_begin_anew()
    {
        _policy.Next(1, Soon);
        _policy.Next(1, Soon);

        Assert.Equal(TimeSpan.FromSeconds(0.5), _policy.Next(1, TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void One_that_asks_to_be_started_again_is_at_once_and_not_for_ever()
    {
        var waits = Enumerable.Range(0, 4).Select(_ => _policy.Next(RestartPolicy.StartAgain, Soon)!.Value.TotalSeconds);

        Assert.Equal([0.1, 0.5, 1, 2], waits);
    }

    [Theory]
    [InlineData(0, 0.4)]
    [InlineData(1, 0.6)]
    public void Waits_are_spread_by_a_fifth(double random, double seconds)
        => Assert.Equal(seconds, new RestartPolicy(() => random).Next(1, Soon)!.Value.TotalSeconds, 6);
}
