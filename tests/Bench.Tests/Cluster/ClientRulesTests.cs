namespace MeshGrains.Bench.Tests.Cluster;

public sealed class ClientRulesTests
{
    [Fact]
    public void Sixteen_clients_make_three_attempts_within_five_seconds()
        => Assert.Equal((16, 3, TimeSpan.FromSeconds(5), TimeSpan.Zero), (ClientRules.Issue.Clients, ClientRules.Issue.Attempts, ClientRules.Issue.Patience, ClientRules.Issue.Pause));

    [Theory]
    [InlineData(1, 0.9, 0)]
    [InlineData(2, 0.5, 0.4)]
    [InlineData(3, 0, 0.6)]
    [InlineData(3, 1, 1)]
    public void Waits_double_and_are_spread_by_a_quarter(int attempt, double random, double seconds)
        => Assert.Equal(seconds, ClientRules.WaitBefore(attempt, random).TotalSeconds, 6);

    [Theory]
    [InlineData(14, true)]
    [InlineData(8, true)]
    [InlineData(CallOutcome.NoStatus, true)]
    [InlineData(7, false)]
    [InlineData(13, false)]
    [InlineData(16, false)]
    public void Only_what_may_be_better_next_time_is_tried_again(int status, bool again) => Assert.Equal(again, ClientRules.MayRetry(status));
}
