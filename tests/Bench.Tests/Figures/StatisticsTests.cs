namespace MeshGrains.Bench.Tests;

public sealed class StatisticsTests
{
    [Fact]
    public void The_median_of_an_odd_number_is_the_middle_value() => Assert.Equal(3, Statistics.Median([9, 1, 3]));

    [Fact]
    public void The_median_of_an_even_number_lies_between_the_middle_two() => Assert.Equal(2.5, Statistics.Median([4, 1, 2, 3]));

    [Fact]
    public void The_spread_is_a_part_of_the_median() => Assert.Equal(0.5, Statistics.Spread([8, 12, 10, 10, 7]));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.5, 50)]
    [InlineData(0.99, 99)]
    [InlineData(0.991, 100)]
    [InlineData(1, 100)]
    public void A_percentile_is_the_smallest_value_that_so_many_do_not_exceed(double part, double expected)
        => Assert.Equal(expected, Statistics.Percentile(Enumerable.Range(1, 100).Reverse().Select(value => (double)value), part));

    [Fact]
    public void Nothing_has_no_median() => Assert.Throws<ArgumentException>(() => Statistics.Median([]));
}
