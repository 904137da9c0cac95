namespace MeshGrains.Grains.Tests;

public sealed class RegistrationJournalTests
{
    private readonly RegistrationJournal _journal = new("e1", 5);

    [Fact]
    public void A_silo_is_told_what_it_lacks_and_nothing_else()
    {
        _journal.Add("s1", ["a", "b"], anyone: false);
        _journal.Add("s2", ["c"], anyone: false);

        Assert.Equal(("a,b,c", 2L, false), Told("s3", "e1", 0));
        Assert.Equal(("c", 2L, false), Told("s3", "e1", 1));
        Assert.Equal(("", 2L, false), Told("s3", "e1", 2));
    }

    [Fact]
    public void A_silo_is_not_told_what_it_wrote_itself()
    {
        _journal.Add("s1", ["a"], anyone: false);
        _journal.Add("s2", ["b"], anyone: false);

        Assert.Equal(("b", 2L, false), Told("s1", "e1", 0));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("e0", 2)]
    [InlineData("e1", 9)]
    public void Who_holds_a_number_of_another_count_is_told_that_anyones_may_have_changed(string epoch, long number)
    {
        _journal.Add("s1", ["a"], anyone: false);

        Assert.Equal(("", 1L, true), Told("s3", epoch, number));
    }

    [Fact]
    public void What_is_forgotten_is_told_as_anyones()
    {
        for (var number = 1; number <= 4; number++)
        {
            _journal.Add("s1", [$"a{number}", $"b{number}"], anyone: false);
        }

        // Of number 2 only b2 is left: who holds 1 lacks a2.
        Assert.True(_journal.Since("s3", "e1", 0).Anyone);
        Assert.True(_journal.Since("s3", "e1", 1).Anyone);
        Assert.Equal(("a3,b3,a4,b4", 4L, false), Told("s3", "e1", 2));
    }

    [Fact]
    public void A_writer_who_lost_count_makes_it_anyones_for_all_before()
    {
        _journal.Add("s1", ["a"], anyone: true);
        _journal.Add("s1", ["b"], anyone: false);

        Assert.True(_journal.Since("s3", "e1", 0).Anyone);
        Assert.Equal(("b", 2L, false), Told("s3", "e1", 1));
    }

    private (string Parents, long Number, bool Anyone) Told(string silo, string epoch, long number)
    {
        var news = _journal.Since(silo, epoch, number);
        Assert.Equal((number, "e1"), (news.After, news.Epoch));
        return (string.Join(",", news.Parents), news.Number, news.Anyone);
    }
}
