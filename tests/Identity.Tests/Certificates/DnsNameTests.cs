namespace MeshGrains.Identity.Tests;

public sealed class DnsNameTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("web.default.svc.cluster.local")]
    [InlineData("x-1.y_2")]
    [InlineData("127.0.0.1")]
    public void A_name_of_labels_is_valid(string name) => Assert.True(DnsName.IsValid(name));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("a..b")]
    [InlineData("-a")]
    [InlineData("a-")]
    [InlineData("a-.b")]
    [InlineData("*.a")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\0b")]
    public void Anything_else_is_not(string? name) => Assert.False(DnsName.IsValid(name));

    [Fact]
    public void Labels_and_names_have_a_longest_length()
    {
        Assert.True(DnsName.IsValid(new string('a', 63)));
        Assert.False(DnsName.IsValid(new string('a', 64)));
        var longest = string.Join('.', Enumerable.Repeat(new string('a', 62), 4)) + ".b";
        Assert.Equal(253, longest.Length);
        Assert.True(DnsName.IsValid(longest));
        Assert.False(DnsName.IsValid("a" + longest));
    }
}
