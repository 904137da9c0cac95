using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Cli.Tests;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("30m", 1800)]
    [InlineData("1h30m", 5400)]
    [InlineData("7d", 604_800)]
    public void A_duration_is_numbers_with_units(string text, int seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("m")]
    [InlineData("-5m")]
    [InlineData("5 m")]
    [InlineData("1.5h")]
    [InlineData("0s")]
    [InlineData("9999999999s")]
    [InlineData("9999999d")]
    public void Anything_else_is_none(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void No_text_crashes_the_reader()
        => Prop.ForAll(
            Gen.Elements("5", "0", "99999999", "d", "h", "m", "s", "x", "-", " ", "\uffff").ListOf().Select(parts => string.Concat(parts)).ToArbitrary(),
            text => Durations.TryParse(text, out var duration) == duration > TimeSpan.Zero).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(-3, "0s")]
    [InlineData(59, "59s")]
    [InlineData(3600, "1h")]
    [InlineData(3601, "1h")]
    [InlineData(3660, "1h 1m")]
    [InlineData(266_401, "3d 2h")]
    public void A_duration_is_shown_by_its_two_largest_units(int seconds, string expected) => Assert.Equal(expected, Durations.Format(TimeSpan.FromSeconds(seconds)));
}
