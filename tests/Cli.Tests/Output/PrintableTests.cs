namespace MeshGrains.Cli.Tests;

public sealed class PrintableTests
{
    [Theory]
    [InlineData("plain text, ü and 漢", "plain text, ü and 漢")]
    [InlineData("two\nlines", "two?lines")]
    [InlineData("\u001b[2Jgone", "?[2Jgone")]
    [InlineData("right\u202eleft", "right?left")]
    [InlineData(null, "")]
    public void What_could_move_a_terminal_becomes_a_question_mark(string? text, string expected) => Assert.Equal(expected, Printable.Of(text));

    [Fact]
    public void Instants_are_in_utc_to_the_second()
        => Assert.Equal("2030-01-01 10:00:00Z", Printable.Of(new DateTimeOffset(2030, 1, 1, 12, 0, 0, 500, TimeSpan.FromHours(2))));
}
