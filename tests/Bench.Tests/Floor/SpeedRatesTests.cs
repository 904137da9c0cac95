namespace MeshGrains.Bench.Tests;

public sealed class SpeedRatesTests
{
    private const string TwoCores = """
        Forked child 0
        Forked child 1
        Got: +F4:3:256:18892.000000:10300.000000 from 0
        Got: +F4:3:256:18043.000000:8411.000000 from 1
        +F4:3:256:36935.000000:18711.000000
        """;

    [Fact]
    public void The_sum_over_all_children_counts()
    {
        var rates = SpeedRates.Parse(TwoCores);
        Assert.Equal(36_935, rates.SignPerSecond);
        Assert.Equal(18_711, rates.VerifyPerSecond);
    }

    [Fact]
    public void The_floor_is_one_signature_and_one_verification_after_another()
        => Assert.Equal(7_500, new SpeedRates(30_000, 10_000).Floor, 6);

    [Theory]
    [InlineData("")]
    [InlineData("+F4:3:384:100.0:100.0")]
    [InlineData("Got: +F4:3:256:18892.000000:10300.000000 from 0")]
    [InlineData("+F4:3:256:0.0:10.0")]
    [InlineData("+F4:3:256:fast:10.0")]
    public void Output_without_the_summary_line_is_refused(string output) => Assert.Throws<FormatException>(() => SpeedRates.Parse(output));
}
