using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Silo.Tests;

public sealed class DurationsTests
{
    [Theory]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("7d", 604800)]
    [InlineData("1.5h", 5400)]
    [InlineData("0", 0)]
    [InlineData("250ms", 0.25)]
    public void A_number_and_a_unit_are_read(string text, double seconds)
    {
        Assert.True(Durations.TryParse(text, out var duration));
        Assert.Equal(TimeSpan.FromSeconds(seconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("h")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5y")]
    [InlineData("999999999d")]
    [InlineData("1e9s")]
    public void Anything_else_is_not(string text) => Assert.False(Durations.TryParse(text, out _));

    [Fact]
    public void What_is_written_is_read_again() => Prop.ForAll<int>(milliseconds =>
    {
        var duration = TimeSpan.FromMilliseconds(Math.Abs((long)milliseconds));
        return Durations.TryParse(Durations.Format(duration), out var read) && read == duration;
    }).QuickCheckThrowOnFailure();
}
