using MeshGrains.Keys;
using Microsoft.Extensions.Options;

namespace MeshGrains.Grains.Tests;

public sealed class OptionsTests
{
    public static TheoryData<string, CaOptions> BadCa => new()
    {
        { "ca.issuingCaTtl", new CaOptions { IssuingCaTtl = TimeSpan.FromMinutes(59) } },
        { "--allow-short-lives", new CaOptions { IssuingCaTtl = TimeSpan.FromSeconds(30) } },
        { "ca.issuingCaTtl", new CaOptions { IssuingCaTtl = TimeSpan.FromSeconds(19), AllowShortLives = true } },
        { "ca.rootTtl", new CaOptions { RootTtl = TimeSpan.FromDays(11) } },
        { "ca.rootTtl", new CaOptions { RootTtl = TimeSpan.FromDays(40_000) } },
        { "ca.issuingCaBudgetPerHour", new CaOptions { IssuingCaBudgetPerHour = 1 } },
        { "ca.bundleRefreshHint", new CaOptions { BundleRefreshHint = TimeSpan.Zero } },
        { "ca.rootKeyAlgorithm", new CaOptions { RootKeyAlgorithm = (KeyAlgorithm)99 } },
    };

    public static TheoryData<string, SvidOptions> BadSvid => new()
    {
        { "svid.defaultTtl", new SvidOptions { DefaultTtl = TimeSpan.FromSeconds(59) } },
        { "svid.defaultTtl", new SvidOptions { DefaultTtl = TimeSpan.FromHours(25), RenewalLimit = TimeSpan.FromHours(30) } },
        { "svid.maxTtl", new SvidOptions { MaxTtl = TimeSpan.FromHours(37) } },
        { "svid.backdate", new SvidOptions { Backdate = TimeSpan.FromSeconds(-1) } },
        { "svid.clockSkew", new SvidOptions { ClockSkew = TimeSpan.FromDays(1) } },
        { "svid.renewalLimit", new SvidOptions { RenewalLimit = TimeSpan.FromMinutes(1) } },
        { "svid.agentRenewalLimit", new SvidOptions { AgentRenewalLimit = TimeSpan.FromMinutes(1) } },
        { "svid.registrationCacheTtl", new SvidOptions { RegistrationCacheTtl = TimeSpan.FromMinutes(6) } },
        { "svid.registrationCacheCapacity", new SvidOptions { RegistrationCacheCapacity = 0 } },
        { "svid.idempotencyWindow", new SvidOptions { IdempotencyWindow = TimeSpan.Zero } },
        { "svid.idempotencyCapacity", new SvidOptions { IdempotencyCapacity = 0 } },
    };

    public static TheoryData<string, JwtOptions> BadJwt => new()
    {
        { "jwt.ttl", new JwtOptions { Ttl = TimeSpan.FromSeconds(29) } },
        { "jwt.ttl", new JwtOptions { Ttl = TimeSpan.FromHours(2) } },
        { "jwt.maxTtl", new JwtOptions { MaxTtl = TimeSpan.FromHours(25) } },
        { "jwt.authorityTtl", new JwtOptions { AuthorityTtl = TimeSpan.FromMinutes(59) } },
        { "jwt.publishLead", new JwtOptions { PublishLead = TimeSpan.FromDays(4) } },
        { "jwt.publishLead", new JwtOptions { AuthorityTtl = TimeSpan.FromHours(2) } },
        { "jwt.issuer", new JwtOptions { Issuer = "http://id.example.org" } },
        { "jwt.issuer", new JwtOptions { Issuer = "https://id.example.org/" } },
        { "jwt.issuer", new JwtOptions { Issuer = "https://id.example.org?a=b" } },
        { "jwt.issuer", new JwtOptions { Issuer = "id.example.org" } },
    };

    [Theory]
    [MemberData(nameof(BadJwt), DisableDiscoveryEnumeration = true)]
    public void A_bad_option_of_JWTs_is_named(string named, JwtOptions options) =>
        Assert.Contains(named, new JwtOptionsValidator(Options.Create(new CaOptions())).Validate(null, options).FailureMessage, StringComparison.Ordinal);

    [Fact]
    public void The_defaults_are_valid()
    {
        Assert.True(new JwtOptionsValidator(Options.Create(new CaOptions())).Validate(null, new JwtOptions()).Succeeded);
        Assert.True(new JwtOptionsValidator(Options.Create(new CaOptions())).Validate(null, new JwtOptions { Issuer = "https://id.example.org/mesh" }).Succeeded);
        Assert.True(new CaOptionsValidator().Validate(null, new CaOptions()).Succeeded);
        Assert.True(Svid(new SvidOptions(), new CaOptions()).Succeeded);
        Assert.True(new DenialOptionsValidator().Validate(null, new DenialOptions()).Succeeded);
        Assert.True(new TrustDomainOptionsValidator().Validate(null, new TrustDomainOptions()).Succeeded);
    }

    [Theory]
    [MemberData(nameof(BadCa), DisableDiscoveryEnumeration = true)]
    public void A_bad_option_of_the_CA_is_named(string named, CaOptions options) =>
        Assert.Contains(named, new CaOptionsValidator().Validate(null, options).FailureMessage, StringComparison.Ordinal);

    [Theory]
    [MemberData(nameof(BadSvid), DisableDiscoveryEnumeration = true)]
    public void A_bad_option_of_SVIDs_is_named(string named, SvidOptions options) =>
        Assert.Contains(named, Svid(options, new CaOptions()).FailureMessage, StringComparison.Ordinal);

    [Fact]
    public void Short_lives_need_to_be_allowed()
    {
        var ca = new CaOptions { IssuingCaTtl = TimeSpan.FromSeconds(20), RootTtl = TimeSpan.FromHours(1), AllowShortLives = true };
        var svid = new SvidOptions { DefaultTtl = TimeSpan.FromSeconds(1), MaxTtl = TimeSpan.FromSeconds(10) };

        Assert.True(new CaOptionsValidator().Validate(null, ca).Succeeded);
        Assert.True(Svid(svid, ca).Succeeded);
        Assert.False(Svid(svid, new CaOptions()).Succeeded);
    }

    [Theory]
    [InlineData(2, 100)]
    [InlineData(601, 100)]
    [InlineData(30, 0)]
    [InlineData(30, 1_000_001)]
    public void A_lease_or_capacity_of_denials_out_of_bounds_is_refused(int lease, int capacity) =>
        Assert.True(new DenialOptionsValidator().Validate(null, new DenialOptions { Lease = TimeSpan.FromSeconds(lease), Capacity = capacity }).Failed);

    [Theory]
    [InlineData("TD.test", "main", "silo-1", "trustDomain")]
    [InlineData("spiffe://td.test", "main", "silo-1", "trustDomain")]
    [InlineData("td.test", "a/b", "silo-1", "cluster")]
    [InlineData("td.test", "main", "", "silo")]
    [InlineData("td.test", "main", "..", "silo")]
    [InlineData("td.test", "main", "a\nb", "silo")]
    public void A_name_that_is_none_is_refused(string trustDomain, string cluster, string silo, string named) => Assert.Contains(
        named,
        new TrustDomainOptionsValidator().Validate(null, new TrustDomainOptions { Name = trustDomain, Cluster = cluster, Silo = silo }).FailureMessage,
        StringComparison.Ordinal);

    [Fact]
    public void A_trust_domain_leaves_room_for_its_bootstrap_name()
    {
        Assert.True(new TrustDomainOptionsValidator().Validate(null, new TrustDomainOptions { Name = new string('a', 245) }).Succeeded);
        Assert.Contains("too long", new TrustDomainOptionsValidator().Validate(null, new TrustDomainOptions { Name = new string('a', 246) }).FailureMessage, StringComparison.Ordinal);
    }

    private static ValidateOptionsResult Svid(SvidOptions options, CaOptions ca) => new SvidOptionsValidator(Options.Create(ca)).Validate(null, options);
}
