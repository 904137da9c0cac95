namespace MeshGrains.Grains.Tests;

public sealed class EntryRulesTests
{
    internal static readonly RegistrationEntry Good = new(
        "entry-1", "td.test", "spiffe://td.test/shop/cart", EntryRules.SourceParent("td.test", "prod"), [new Selector("k8s", "ns:shop")],
        600, null, ["cart.shop.svc"], "cart", ["other.test"], null, default, 1, "op-1");

    private static readonly RegistrationTemplate GoodTemplate = new(
        "template-1", "td.test", "prod", "spiffe://{trustDomain}/ns/{k8s.ns}", 600, null, default, 1, "op-1");

    public static TheoryData<string, RegistrationEntry> Bad => new()
    {
        { "spiffeId", Good with { SpiffeId = "https://td.test/a" } },
        { "spiffeId", Good with { SpiffeId = "spiffe://TD.test/a" } },
        { "parentId", Good with { ParentId = "nobody" } },
        { "trust domain", Good with { SpiffeId = "spiffe://other.test/a" } },
        { "trust domain", Good with { ParentId = "spiffe://other.test/a" } },
        { "path", Good with { SpiffeId = "spiffe://td.test" } },
        { "differ", Good with { ParentId = "spiffe://td.test/shop/cart" } },
        { "selectors", Good with { Selectors = default } },
        { "selectors", Good with { Selectors = [.. Enumerable.Range(0, 65).Select(i => new Selector("k8s", $"ns:{i}"))] } },
        { "selectors", Good with { Selectors = [new Selector("k8s", new string('x', 1025))] } },
        { "dnsNames", Good with { DnsNames = ["not a host"] } },
        { "dnsNames", Good with { DnsNames = [.. Enumerable.Range(0, 33).Select(i => $"h{i}.test")] } },
        { "x509SvidTtl", Good with { X509SvidTtlSeconds = 0 } },
        { "x509SvidTtl", Good with { X509SvidTtlSeconds = 86_401 } },
        { "jwtSvidTtl", Good with { JwtSvidTtlSeconds = -1 } },
        { "hint", Good with { Hint = new string('h', 257) } },
        { "federatesWith", Good with { FederatesWith = ["spiffe://other.test"] } },
        { "id", Good with { Id = "" } },
        { "id", Good with { Id = new string('i', 257) } },
        { "id", Good with { OperationId = "" } },
        { "revision", Good with { Revision = 0 } },
    };

    [Fact]
    public void A_good_entry_and_a_good_template_pass()
    {
        Assert.Null(EntryRules.Check(Good, TimeSpan.FromHours(24)));
        Assert.Null(EntryRules.Check(GoodTemplate, TimeSpan.FromHours(24)));
    }

    [Theory]
    [MemberData(nameof(Bad), DisableDiscoveryEnumeration = true)]
    public void A_bad_entry_is_told_what_is_wrong(string named, RegistrationEntry entry)
    {
        Assert.Contains(named, EntryRules.Check(entry, TimeSpan.FromHours(24)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_templates_TTL_is_bounded_like_an_entrys()
    {
        Assert.Contains("x509SvidTtl", EntryRules.Check(GoodTemplate with { X509SvidTtlSeconds = 0 }, TimeSpan.FromHours(24)), StringComparison.Ordinal);
        Assert.Contains("x509SvidTtl", EntryRules.Check(GoodTemplate with { X509SvidTtlSeconds = 90_000 }, TimeSpan.FromHours(24)), StringComparison.Ordinal);
        Assert.Contains("source", EntryRules.Check(GoodTemplate with { Source = "" }, TimeSpan.FromHours(24)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/meshgrains", true)]
    [InlineData("/meshgrains/gateway", true)]
    [InlineData("/meshgrainsx", false)]
    [InlineData("/ns/meshgrains", false)]
    public void The_control_planes_own_paths_are_known(string path, bool reserved) => Assert.Equal(reserved, EntryRules.IsReserved(path));
}
