namespace MeshGrains.Storage.Tests;

public sealed class EntryIdPathTests
{
    [Theory]
    [InlineData("a", "6100")]
    [InlineData("ab", "6162/0000")]
    [InlineData("abc", "6162/6300")]
    [InlineData("ä/#", "c3a4/2f23/0000")]
    public void An_id_has_one_path_for_ever(string id, string path)
    {
        Assert.Equal(path, EntryIdPath.Of(id));
        Assert.Equal(id, EntryIdPath.Parse(path));
    }

    [Fact]
    public void Paths_are_in_the_order_of_their_ids()
    {
        string[] ids = ["", "0", "00", "000", "01", "1", "a", "a-", "a/", "aa", "ab", "abc", "abcd", "b", "z", "ä", "\u20ac"];
        foreach (var id in ids.Skip(1))
        {
            foreach (var other in ids.Skip(1))
            {
                Assert.Equal(
                    Math.Sign(string.CompareOrdinal(id, other)), Math.Sign(string.CompareOrdinal(EntryIdPath.Of(id), EntryIdPath.Of(other))));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("61")]
    [InlineData("6161")]
    [InlineData("6100/6200")]
    [InlineData("6100/0000")]
    [InlineData("C3A4/0000")]
    [InlineData("zz00")]
    [InlineData("6161/6100/x")]
    public void Other_names_are_no_paths(string path) => Assert.Null(EntryIdPath.Parse(path));

    [Fact]
    public void Ids_that_make_no_name_have_no_path()
    {
        Assert.Null(EntryIdPath.TryOf(""));
        Assert.Null(EntryIdPath.TryOf("a\0b"));
        Assert.Null(EntryIdPath.TryOf(new string('a', 257)));
        Assert.Null(EntryIdPath.TryOf(new string('ä', 129)));
        Assert.NotNull(EntryIdPath.TryOf(new string('a', 256)));
    }
}
