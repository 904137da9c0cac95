namespace MeshGrains.Identity.Tests;

public sealed class TrustDomainTests
{
    [Theory]
    [InlineData("example.org")]
    [InlineData("a")]
    [InlineData("1.2.3.4")]
    [InlineData("under_score-and.dots")]
    [InlineData("..")]
    [InlineData("-")]
    public void A_name_of_allowed_characters_is_a_trust_domain(string name)
    {
        var trustDomain = TrustDomain.Parse(name);
        Assert.Equal(name, trustDomain.Name);
        Assert.Equal("spiffe://" + name, trustDomain.Id.ToString());
        Assert.Equal("", trustDomain.Id.Path);
    }

    [Theory]
    [InlineData(null, "empty")]
    [InlineData("", "empty")]
    [InlineData("Example.org", "lower case")]
    [InlineData("spiffe://example.org", "bare name")]
    [InlineData("example.org:443", "bare name")]
    [InlineData("example.org/", "bare name")]
    [InlineData("ex ample", "U+0020")]
    [InlineData("exämple.org", "U+00E4")]
    [InlineData("user@example.org", "U+0040")]
    [InlineData("example%2eorg", "U+0025")]
    [InlineData("[::1]", "U+005B")]
    public void A_name_with_anything_else_is_refused_with_the_reason(string? name, string reason)
    {
        Assert.False(TrustDomain.TryParse(name, out var trustDomain, out var error));
        Assert.Null(trustDomain);
        Assert.Contains(reason, error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_has_at_most_255_bytes()
    {
        Assert.True(TrustDomain.TryParse(new string('a', 255), out _, out _));
        Assert.False(TrustDomain.TryParse(new string('a', 256), out _, out var error));
        Assert.Contains("255", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_of_one_name_are_equal()
    {
        Assert.Equal(TrustDomain.Parse("a.b"), TrustDomain.Parse("a.b"));
        Assert.True(TrustDomain.Parse("a.b") == TrustDomain.Parse("a.b"));
        Assert.True(TrustDomain.Parse("a.b") != TrustDomain.Parse("a.c"));
        Assert.Equal(TrustDomain.Parse("a.b").GetHashCode(), TrustDomain.Parse("a.b").GetHashCode());
        Assert.Throws<FormatException>(() => TrustDomain.Parse("A"));
    }
}
