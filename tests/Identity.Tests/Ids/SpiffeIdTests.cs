using FsCheck;
using FsCheck.Fluent;

namespace MeshGrains.Identity.Tests;

public sealed class SpiffeIdTests
{
    [Theory]
    [InlineData("spiffe://example.org", "example.org", "")]
    [InlineData("spiffe://example.org/a", "example.org", "/a")]
    [InlineData("spiffe://example.org/ns/default/sa/web", "example.org", "/ns/default/sa/web")]
    [InlineData("spiffe://1.2.3.4/service", "1.2.3.4", "/service")]
    [InlineData("spiffe://example.org/...", "example.org", "/...")]
    [InlineData("spiffe://example.org/.x/x./..x", "example.org", "/.x/x./..x")]
    [InlineData("spiffe://example.org/UPPER_and-lower.9", "example.org", "/UPPER_and-lower.9")]
    public void An_id_by_the_specification_is_read(string text, string trustDomain, string path)
    {
        var id = SpiffeId.Parse(text);
        Assert.Equal(trustDomain, id.TrustDomain.Name);
        Assert.Equal(path, id.Path);
        Assert.Equal(text, id.ToString());
        Assert.True(id.IsMemberOf(TrustDomain.Parse(trustDomain)));
        Assert.False(id.IsMemberOf(TrustDomain.Parse("other.org")));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("spiffe:/")]
    [InlineData("spiffe://")]
    [InlineData("spiffe:///path")]
    [InlineData("http://example.org/a")]
    [InlineData("SPIFFE://example.org/a")]
    [InlineData("Spiffe://example.org/a")]
    [InlineData("spiffe://Example.org/a")]
    [InlineData("spiffe://example.org/")]
    [InlineData("spiffe://example.org/a/")]
    [InlineData("spiffe://example.org//a")]
    [InlineData("spiffe://example.org/a//b")]
    [InlineData("spiffe://example.org/.")]
    [InlineData("spiffe://example.org/a/./b")]
    [InlineData("spiffe://example.org/..")]
    [InlineData("spiffe://example.org/a/..")]
    [InlineData("spiffe://example.org/a%20b")]
    [InlineData("spiffe://example.org/a b")]
    [InlineData("spiffe://example.org/a?query")]
    [InlineData("spiffe://example.org/a#fragment")]
    [InlineData("spiffe://example.org?query")]
    [InlineData("spiffe://example.org#fragment")]
    [InlineData("spiffe://example.org:443/a")]
    [InlineData("spiffe://user@example.org/a")]
    [InlineData("spiffe://user:pass@example.org/a")]
    [InlineData("spiffe://exa%6dple.org/a")]
    [InlineData("spiffe://example.org/ä")]
    [InlineData(" spiffe://example.org/a")]
    [InlineData("spiffe://example.org/a\n")]
    [InlineData("spiffe://example.org\\a")]
    public void Anything_else_is_refused(string? text)
    {
        Assert.False(SpiffeId.TryParse(text, out var id, out var error));
        Assert.Null(id);
        Assert.NotEmpty(error);
    }

    [Fact]
    public void An_id_has_at_most_2048_bytes()
    {
        var longest = "spiffe://example.org/" + new string('a', 2048 - 21);
        Assert.Equal(2048, longest.Length);
        Assert.Equal(longest, SpiffeId.Parse(longest).ToString());
        Assert.False(SpiffeId.TryParse(longest + "a", out _, out var error));
        Assert.Contains("2048", error, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => SpiffeId.FromPath(TrustDomain.Parse("example.org"), longest[20..] + "a"));
    }

    [Fact]
    public void The_trust_domain_of_an_id_has_at_most_255_bytes()
    {
        Assert.True(SpiffeId.TryParse($"spiffe://{new string('a', 255)}/x", out _, out _));
        Assert.False(SpiffeId.TryParse($"spiffe://{new string('a', 256)}/x", out _, out _));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("/")]
    [InlineData("/a/../b")]
    [InlineData("/a%")]
    public void A_path_is_checked_when_an_id_is_made_of_it(string path)
        => Assert.Throws<FormatException>(() => SpiffeId.FromPath(TrustDomain.Parse("example.org"), path));

    [Fact]
    public void What_is_made_of_parts_reads_back_the_same()
    {
        var segment = Gen.Elements("abcXYZ019._-".ToCharArray()).NonEmptyListOf().Select(chars => new string([.. chars]))
            .Where(text => text is not ("." or ".."));
        var path = Gen.ListOf(segment).Select(segments => string.Concat(segments.Select(text => "/" + text)));
        Prop.ForAll(Arb.From(path), made =>
        {
            var id = SpiffeId.FromPath(TrustDomain.Parse("example.org"), made);
            return SpiffeId.Parse(id.ToString()).Equals(id) && id.Path == made && id.GetHashCode() == SpiffeId.Parse(id.ToString()).GetHashCode();
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Whatever_is_accepted_is_built_of_allowed_characters_alone()
    {
        var text = Gen.Elements("spiffe:/ab.%A?#@é\0 ".ToCharArray()).ListOf().Select(chars => "spiffe://a" + new string([.. chars]));
        Prop.ForAll(Arb.From(text), candidate =>
        {
            if (!SpiffeId.TryParse(candidate, out var id, out var error))
            {
                return error.Length > 0;
            }

            var segments = id.Path.Split('/').Skip(1);
            return id.ToString() == candidate
                && id.TrustDomain.Name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || ".-_".Contains(c, StringComparison.Ordinal))
                && segments.All(s => s is not ("" or "." or "..") && s.All(c => char.IsAsciiLetterOrDigit(c) || ".-_".Contains(c, StringComparison.Ordinal)));
        }).QuickCheckThrowOnFailure();
    }
}
