using FsCheck;
using FsCheck.Fluent;
using MeshGrains.Identity;

namespace MeshGrains.Grains.Tests;

public sealed class TemplatePatternTests
{
    [Theory]
    [InlineData("spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}", "spiffe://td.test/ns/shop/sa/cart")]
    [InlineData("spiffe://td.test/ns/{k8s.ns}", "spiffe://td.test/ns/shop")]
    [InlineData("spiffe://{trustDomain}/c/{cluster}/{k8s.pod-name}", "spiffe://td.test/c/main/cart-1")]
    public void A_pattern_gives_an_attested_caller_its_identity(string pattern, string identity)
    {
        Assert.Equal(identity, Parse(pattern).Expand("td.test", "main", Caller("shop", "cart", "cart-1"))?.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("spiffe://other.test/ns/{k8s.ns}")]
    [InlineData("spiffe://{trustDomain}")]
    [InlineData("spiffe://{trustDomain}/")]
    [InlineData("spiffe://{trustDomain}/ns/{k8s.ns}/")]
    [InlineData("spiffe://{trustDomain}/ns/../{k8s.ns}")]
    [InlineData("spiffe://{trustDomain}/{k8s.ns}/x")]
    [InlineData("spiffe://{trustDomain}/meshgrains/{k8s.ns}")]
    [InlineData("spiffe://{trustDomain}/ns/x-{k8s.ns}")]
    [InlineData("spiffe://{trustDomain}/ns/{k8s.ns}-{k8s.sa}")]
    [InlineData("spiffe://{trustDomain}/ns/{k8s.labels}")]
    [InlineData("spiffe://{trustDomain}/ns/{}")]
    [InlineData("spiffe://{trustDomain}/ns/fixed")]
    [InlineData("spiffe://{trustDomain}/ns/{cluster}")]
    public void What_is_no_whole_segment_pattern_with_an_attested_variable_is_refused_with_a_reason(string? pattern)
    {
        Assert.False(TemplatePattern.TryParse(pattern, "td.test", out _, out var error));
        Assert.False(string.IsNullOrWhiteSpace(error));
    }

    [Fact]
    public void A_missing_fact_gives_no_identity()
    {
        Assert.Null(Parse("spiffe://{trustDomain}/ns/{k8s.ns}/node/{k8s.node-name}").Expand("td.test", "main", Caller("shop", "cart", "cart-1")));
    }

    [Fact]
    public void No_attested_value_reaches_the_control_plane_or_another_segment()
    {
        var pattern = Parse("spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}");
        var values = Gen.OneOf(ArbMap.Default.GeneratorFor<string>(), Gen.Elements("cart", "shop", "a-b.c_d"), Gen.Elements(
            "..", ".", "", "/", "a/b", "../../meshgrains/admin", "meshgrains", "%2f", "a%2Fb", "a\0b", "{k8s.sa}", "ü", " ", "a\nb", "?x", "#x")).ToArbitrary();

        var reached = 0;
        Prop.ForAll(values, values, (ns, sa) =>
        {
            var given = pattern.Expand("td.test", "main", Caller(ns, sa, "pod"));
            reached += given is null ? 0 : 1;
            return given is null
                || (given.Path == $"/ns/{ns}/sa/{sa}" && given.Path.Count(c => c == '/') == 4 && !EntryRules.IsReserved(given.Path)
                    && pattern.Gives(given, "main") && SpiffeId.Parse(given.ToString()).Path == given.Path);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));
        Assert.InRange(reached, 100, 3_000);
    }

    [Theory]
    [InlineData("spiffe://td.test/ns/shop/sa/cart", true)]
    [InlineData("spiffe://td.test/ns/shop", false)]
    [InlineData("spiffe://td.test/ns/shop/sa/cart/x", false)]
    [InlineData("spiffe://td.test/pod/shop/sa/cart", false)]
    public void A_pattern_knows_the_identities_that_it_gives(string identity, bool gives)
    {
        Assert.Equal(gives, Parse("spiffe://{trustDomain}/ns/{k8s.ns}/sa/{k8s.sa}").Gives(SpiffeId.Parse(identity), "main"));
    }

    private static TemplatePattern Parse(string text)
    {
        Assert.True(TemplatePattern.TryParse(text, "td.test", out var pattern, out var error), error);
        return pattern!;
    }

    private static AuthenticatedCaller Caller(string? ns, string? sa, string pod) => new()
    {
        Kind = CallerKind.KubernetesToken,
        Name = "k8s:test",
        Selectors = [new Selector("k8s", $"ns:{ns}"), new Selector("k8s", $"sa:{sa}"), new Selector("k8s", $"pod-name:{pod}")],
    };
}
